"""What is measured of each component, in turn: processor time of the calling thread."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from proxywasm_host.bench.calls import SIZES
from proxywasm_host.bench.measure import take_turns
from proxywasm_host.bench.setup import CHUNK, PSEUDO, RESPONSE, Setup

from ..lowering.measure import Column

_SIZES: Final = ("300 B", "30 KB", "300 KB")


def measure(setups: Mapping[str, Setup], rounds: int, progress: Callable[[str], None]) -> list[Column]:
    """`setups` has one for each variant, by the name of the optimisation that is left out."""
    cases = {variant: dict(_cases(setup)) for variant, setup in setups.items()}
    columns = []
    for name in next(iter(cases.values())):
        progress(name)
        samples = take_turns({variant: of[name] for variant, of in cases.items()}, rounds=rounds)
        columns.append(Column(name, samples))
    return columns


def _cases(setup: Setup) -> Iterator[tuple[str, Callable[[], object]]]:
    response = setup.exchange.response
    assert response is not None
    identity = setup.wasm(setup.identity, "{}").program
    identity.on_request_headers(1, PSEUDO, True)
    identity.on_response_headers(1, RESPONSE, False)
    for name in _SIZES:
        text = (CHUNK * (SIZES[name] // len(CHUNK) + 1))[: SIZES[name]]
        yield f"identity, {name}", functools.partial(identity.on_response_body, 1, text, False)
    flagship = setup.wasm(setup.flagship, setup.exchange.config)
    stream = setup.ask(flagship)
    stream.response_headers(response.headers, False)
    stream.response_body(response.body[0], False)
    chunk = functools.partial(flagship.program.on_response_body, stream.id, response.body[1], False)
    yield "Qwen chunk", chunk
    yield "whole chat", functools.partial(setup.converse, flagship)
