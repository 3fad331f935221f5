"""Measure a plugin, or a chain of plugins, with recorded exchanges: natively and in WebAssembly."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from proxywasm.adapters.native import load_plugin, native_program
from proxywasm.wire import LogLevel, Program

from ..building.build import build
from ..building.shipped import shipped_together
from ..recordings.exchange import Exchange
from ..recordings.replay import Player, chained_services
from ..services import HostServices, LogRecord
from ..stream import Chain, Runner
from ..wasm.component import ComponentProgram
from ..wasm.engine import Component, Engine
from .measure import Row, Samples, row, take_turns

_ROUNDS: Final = 25
_SECONDS: Final = 0.02
"""How long each round of each way lasts."""
_PARTS: Final = {
    "request": "the request, with its body and the answers to call-outs",
    "headers": "the headers of the response",
    "chunk": "a chunk of the response, on average",
    "exchange": "the whole exchange",
}

Start: TypeAlias = Callable[[HostServices], Program]


class BenchError(Exception):
    """An exchange cannot be measured. The message says why."""


class Plugins:
    """The plugins of a chain, in both ways of running them. Built and loaded once for all exchanges.

    `apart`: plugins that come with proxywasm do not share a component either.
    """

    def __init__(
        self, sources: Sequence[Path], progress: Callable[[str], None] = lambda _: None, *, apart: bool = False
    ) -> None:
        """Raises `BuildError`, `ComponentError`, and what a plugin raises that cannot be imported."""
        engine = Engine()
        self._starts: dict[str, list[Start]] = {
            "wasm": _in_wasm(engine, sources, progress, apart=apart),
            "native": [_native(source) for source in sources],
        }

    def rows(self, exchange: Exchange) -> list[Row]:
        """Raises `BenchError`, `ReplayError`, and what a plugin raises that does not start."""
        ways = {way: Instances(starts, exchange) for way, starts in self._starts.items()}
        samples: Samples = {}
        for _ in range(_ROUNDS):
            for name, way in ways.items():
                for part, seconds in way.round().items():
                    samples.setdefault(f"{name} {part}", []).append(seconds)
        for way in ways.values():
            way.check()
        start = take_turns({"start": lambda: Instances(self._starts["wasm"], exchange)}, rounds=5)
        return [
            *(
                row(f"{exchange.name}: {title}", samples, f"wasm {part}", baseline=f"native {part}")
                for part, title in _PARTS.items()
                if f"wasm {part}" in samples
            ),
            row(f"{exchange.name}: fresh instances, until their first exchange is done", start, "start", "ms"),
            Row(f"{exchange.name}: memory of the instances afterwards", ways["wasm"].memory() / 1e6, "MB"),
        ]


def _native(source: Path) -> Start:
    plugin = load_plugin(source)
    return lambda services: native_program(plugin, services)


def _in_wasm(engine: Engine, sources: Sequence[Path], progress: Callable[[str], None], *, apart: bool) -> list[Start]:
    """As in `proxywasm serve`, plugins that come with proxywasm share a component."""
    together = () if apart else shipped_together(sources)
    shared = engine.load(build(together[0], others=together[1:], progress=progress).path) if together else None
    starts = []
    for source in sources:
        if shared is not None and source.resolve() in together:
            starts.append(_start(shared, source.name))
        else:
            starts.append(_start(engine.load(build(source, progress=progress).path), ""))
    return starts


def _start(component: Component, plugin: str) -> Start:
    return lambda services: ComponentProgram(component, services, plugin=plugin)


class Instances:
    """Instances of the plugins, through which the exchange has gone once."""

    def __init__(self, starts: Sequence[Start], exchange: Exchange) -> None:
        self._exchange = exchange
        self._errors: list[LogRecord] = []
        configs = exchange.configs
        if len(configs) != len(starts):
            raise BenchError(f"{exchange.name}: has {len(configs)} configurations, for {len(starts)} plugins")
        runners = []
        for start, config, services in zip(starts, configs, self._services(len(starts)), strict=True):
            program = start(services)
            program.configure(config, LogLevel.INFO)
            runners.append(Runner(program, services))
        self._chain = Chain(runners)
        for before in exchange.before:
            Player(self._chain, before).run()
        Player(self._chain, exchange).wait()
        self._play(defaultdict(float))
        self.check()
        started = time.perf_counter()
        self._play(defaultdict(float))
        self._times = max(1, int(_SECONDS / (time.perf_counter() - started)))

    def _services(self, count: int) -> list[HostServices]:
        def keep(record: LogRecord) -> None:
            if record.level >= LogLevel.ERROR:
                self._errors.append(record)

        return chained_services(count, LogLevel.INFO, keep)

    def check(self) -> None:
        """A plugin that fails would be measured while it does nothing. Raises `BenchError`."""
        if self._errors:
            raise BenchError(f"{self._exchange.name}: the plugin has logged an error: {self._errors[0].message}")

    def memory(self) -> int:
        """Bytes of all instances."""
        return sum(getattr(runner.program, "memory", None) or 0 for runner in self._chain.runners)

    def round(self) -> dict[str, float]:
        """By part, the time of one in seconds of the processor."""
        total: defaultdict[str, float] = defaultdict(float)
        for _ in range(self._times):
            self._play(total)
        if chunks := self._exchange.response and len(self._exchange.response.body):
            total["chunk"] /= chunks
        return {part: seconds / self._times for part, seconds in total.items()}

    def _play(self, total: defaultdict[str, float]) -> None:
        """Send the exchange through the plugins, and add what each part takes."""
        player, response = Player(self._chain, self._exchange), self._exchange.response
        begin = time.thread_time()
        stream = player.open()
        for _ in player.feed(self._exchange.request, stream.request_headers, stream.request_body):
            stream.take()
        now = time.thread_time()
        total["request"] += now - begin
        if response is not None and stream.local_reply is None:
            for chunk in player.feed(response, stream.response_headers, stream.response_body):
                stream.take()
                before, now = now, time.thread_time()
                total["headers" if chunk is None else "chunk"] += now - before
                if stream.local_reply is not None:
                    break
        stream.close()
        player.answer_calls()
        total["exchange"] += time.thread_time() - begin
