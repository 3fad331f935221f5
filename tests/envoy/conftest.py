"""Modules, built at most once per change of their sources, and Envoy to run them in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxywasm_host.gateway.model import Limits
from proxywasm_host.testing.envoy import missing

from .envoy_process import Envoy, features_filter, filter_of
from .flagship import rules
from .upstream import Mirror, RecordedUpstream, serving


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    if reason := missing():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def upstream_port() -> Iterator[int]:
    with serving(Mirror()) as port:
        yield port


@pytest.fixture(scope="session")
def silent_port() -> Iterator[int]:
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="session")
def envoy(bundle_module: Path, upstream_port: int, silent_port: int) -> Iterator[Envoy]:
    """For tests that leave the plugin alive."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # nothing listens there
        clusters = {"upstream": upstream_port, "silent": silent_port, "closed": unused.getsockname()[1]}
        filters = [features_filter(bundle_module, {"greeting": "hé", "_plugin_id_": "p1"})]
        with Envoy(clusters, filters) as running:
            yield running


@pytest.fixture(scope="session")
def player() -> RecordedUpstream:
    return RecordedUpstream()


@pytest.fixture(scope="session")
def ai_proxy(ai_proxy_module: Path, player: RecordedUpstream) -> Iterator[Envoy]:
    """With as much buffer as gateway files give."""
    filters = [filter_of(ai_proxy_module, {"_rules_": rules()})]
    with serving(player) as port, Envoy({"upstream": port}, filters, buffer=Limits().body) as envoy:
        yield envoy
