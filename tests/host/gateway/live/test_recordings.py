"""A recorded exchange comes out of `proxywasm serve` as it comes out of a replay."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.live.recorded import Closable, of_replay, of_wire, through_gateway

import ai_proxy
from proxywasm.wire import ConfigError
from proxywasm_host.recordings.exchange import Exchange, load
from proxywasm_host.recordings.replay import Session, native_session, replay, wasm_session
from proxywasm_host.services.frozen_clock import frozen_program
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component

TESTS = Path(__file__).parents[3]
FILES = [*sorted((TESTS / "conformance").glob("*/*.json")), *sorted((TESTS / "recordings").glob("*.json"))]
EXCHANGES = [exchange for file in FILES for exchange in load(file)]
SAMPLE = 8
"""Of so many exchanges one is in every run, natively; `-m exhaustive` takes the others, and all of them in Wasm."""


def not_comparable(exchange: Exchange) -> str:
    """Why an exchange is another thing with a real network; empty if it is the same."""
    response = exchange.response
    if exchange.wait_ms:
        return "time has to pass"
    if response is not None and dict(response.headers)[":status"] in ("204", "304") and any(response.body):
        return "such a response has no body in HTTP"
    return ""


COMPARABLE = [exchange for exchange in EXCHANGES if not not_comparable(exchange)]


def sampled() -> Iterator[Any]:
    for exchange in COMPARABLE:
        in_sample = zlib.crc32(exchange.name.encode()) % SAMPLE == 0
        yield pytest.param(exchange, id=exchange.name, marks=[] if in_sample else [pytest.mark.exhaustive])


@pytest.mark.parametrize("exchange", list(sampled()))
def test_a_recording_natively(exchange: Exchange) -> None:
    compare(
        exchange,
        native_session(ai_proxy.plugin),
        lambda services: Closable(frozen_program(ai_proxy.plugin, services)),
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("exchange", COMPARABLE, ids=lambda exchange: exchange.name)
def test_a_recording_in_wasm(exchange: Exchange, ai_proxy_code: Component) -> None:
    compare(
        exchange,
        wasm_session(ai_proxy_code),
        lambda services: ComponentProgram(ai_proxy_code, services, reproducible=True),
    )


def compare(exchange: Exchange, session: Session, start: Any) -> None:
    wanted = replay(exchange, session)
    before = [replay(replace(each, config=exchange.config), session) for each in exchange.before]
    called = {call["cluster"] for each in (*before, wanted) for call in each["callouts"]}
    if wanted["start"] == "failed":
        with pytest.raises(ConfigError):
            asyncio.run(through_gateway(exchange, start, called))
        return
    came, expected = of_wire(asyncio.run(through_gateway(exchange, start, called))), of_replay(wanted)
    assert came.upstream == expected.upstream
    assert came.calls == expected.calls
    if exchange.response is None and expected.upstream is not None and expected.client is None:
        # A replay says nothing of a service that does not answer; a gateway does.
        assert came.client
        assert dict(came.client.fields)[":status"] == "503"
    else:
        assert came.client == expected.client


def test_nearly_all_recordings_can_be_compared() -> None:
    assert len(EXCHANGES) - len(COMPARABLE) == 5
