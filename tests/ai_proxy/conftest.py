"""The plugin natively and in Wasm: one test body for both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.ai_proxy import gateway

import ai_proxy
from proxywasm_host.recordings.replay import Session
from proxywasm_host.testing.gateways import Start
from proxywasm_host.testing.played import Played
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component


@pytest.fixture
def both_ways(flavour: str, session: Session, request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs the test twice: the helpers of `gateway` run the plugin natively, then in Wasm."""
    native = gateway.RUNNING.session, gateway.RUNNING.source
    wasm = _start(request.getfixturevalue("ai_proxy_code")) if flavour == "wasm" else None
    gateway.RUNNING.session, gateway.RUNNING.source = session, wasm or ai_proxy.plugin
    yield
    gateway.RUNNING.session, gateway.RUNNING.source = native


def _start(code: Component) -> Start:
    return Played(lambda services: ComponentProgram(code, services, reproducible=services.reproducible))
