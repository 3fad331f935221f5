"""Modules, built at most once per change of their sources, and Envoy to run them in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxywasm_host.testing.envoy import missing

from .envoy_process import Envoy, features_filter
from .upstream import Mirror, serving


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
