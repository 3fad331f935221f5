"""What is measured of each module."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from proxywasm_host.building.proxy_wasm.binary import CORE_HEADER, sections
from proxywasm_host.building.proxy_wasm.module import CODE

from ..envoy.gateways import Listener
from ..envoy.machine import processor_seconds, resident
from ..envoy.stage import CHUNKS, MB, Stage
from .exchanges import CASES, count
from .variants import ALL, Variant

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Column:
    """Something that was measured of all variants. Less is better."""

    name: str
    values: dict[str, list[float]]
    """By variant, one for each round."""

    def saved(self, without: str) -> float:
        """What an optimisation takes off, as a part of what there is without it: the median of the rounds."""
        pairs = zip(self.values[ALL], self.values[without], strict=True)
        return statistics.median(1 - ours / theirs for ours, theirs in pairs)

    def spread(self, without: str) -> float:
        """Half the distance between the quartiles of what is saved."""
        pairs = zip(self.values[ALL], self.values[without], strict=True)
        parts = [1 - ours / theirs for ours, theirs in pairs]
        if len(parts) == 1:
            return 0.0
        quarters = statistics.quantiles(parts, n=4)
        return (quarters[2] - quarters[0]) / 2


def counted(variants: list[Variant], progress: Progress) -> Iterator[Column]:
    for case in CASES:
        progress(f"counting instructions: {case.name}")
        yield Column(f"instructions, {case.name}", {each.name: [count(each.module, case)] for each in variants})


def code_size(variants: list[Variant]) -> Column:
    return Column("code", {each.name: [_code_size(each)] for each in variants})


def _code_size(variant: Variant) -> float:
    return next(len(body) for number, body in sections(variant.module.read_bytes(), CORE_HEADER) if number == CODE)


def loads(on: Stage, variants: list[Variant], progress: Progress) -> Iterator[Column]:
    """Processor time of Envoy for each request, or each chunk of streams."""
    columns = {
        name: Column(f"time, {name}", defaultdict(list))
        for name in ("pass-through", "pass-through, streamed", "Qwen", "Qwen, streamed")
    }
    with on.envoy([listener for each in variants for listener in (each.passing, each.native)]) as envoy:

        def measure(listener: Listener, chunks: int) -> float:
            before = processor_seconds(envoy.pid)
            report = on.load(envoy, listener, chunks=chunks)
            return (processor_seconds(envoy.pid) - before) / (report.events if chunks else report.requests)

        for turn in range(-1, on.size.rounds):  # the first turn is for warming up
            progress(f"requests and streams, round {turn + 1} of {on.size.rounds}")
            for column, kind, chunks in zip(
                columns.values(), ("passing", "passing", "native", "native"), (0, CHUNKS, 0, CHUNKS), strict=True
            ):
                for each in variants:
                    value = measure(each.passing if kind == "passing" else each.native, chunks)
                    if turn >= 0:
                        column.values[each.name].append(value)
    yield from columns.values()


def starts(on: Stage, variants: list[Variant], progress: Progress) -> Iterator[Column]:
    """Processor time until Envoy is ready, and memory once it has worked."""
    ready, memory = Column("time to be ready", defaultdict(list)), Column("memory", defaultdict(list))
    for turn in range(on.size.starts):
        for each in variants:
            progress(f"starting, {turn + 1} of {on.size.starts}: {each.name}")
            with on.envoy([each.native]) as envoy:
                ready.values[each.name].append(processor_seconds(envoy.pid))
                on.load(envoy, each.native)
                memory.values[each.name].append(resident(envoy.pid) / MB)
    yield ready
    yield memory
