"""Modules, built at most once per change of their sources, and Envoy to run them in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxywasm_host.build import build_module
from proxywasm_host.testing.envoy import missing

from .envoy_process import Envoy, filter_of
from .upstream import mirror, serving

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def module_of(plugin: Path) -> Path:
    """The first time, this takes a minute; then the code comes from the cache."""
    return build_module(plugin).path


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    if reason := missing():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def features() -> Path:
    return module_of(HERE / "features.py")


@pytest.fixture(scope="session")
def ai_proxy_module() -> Path:
    return module_of(ROOT / "plugins" / "ai_proxy")


@pytest.fixture(scope="session")
def upstream_port() -> Iterator[int]:
    with serving(mirror()) as port:
        yield port


@pytest.fixture(scope="session")
def silent_port() -> Iterator[int]:
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="session")
def envoy(features: Path, upstream_port: int, silent_port: int) -> Iterator[Envoy]:
    """For tests that leave the plugin alive."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # nothing listens there
        clusters = {"upstream": upstream_port, "silent": silent_port, "closed": unused.getsockname()[1]}
        filters = [filter_of(features, {"greeting": "hé", "_plugin_id_": "p1"})]
        with Envoy(clusters, filters) as running:
            yield running
