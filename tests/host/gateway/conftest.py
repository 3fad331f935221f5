"""A plugin of a few lines, and upstreams on loopback, for gateways in a real Envoy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.envoy.upstream import Mirror, serving
from tests.host.gateway.both import Engine
from wasmtime import wat2wasm

from proxywasm_host.gateway.envoy import EnvoyError, find_envoy


@pytest.fixture(scope="session")
def envoy() -> None:
    try:
        find_envoy()
    except EnvoyError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["serve", pytest.param("envoy", marks=pytest.mark.envoy)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each that runs gateway files."""
    found: Engine = request.param
    if found == "envoy":
        request.getfixturevalue("envoy")
    return found


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    module = tmp_path_factory.mktemp("plugin") / "router.wasm"
    module.write_bytes(wat2wasm((Path(__file__).parent / "router.wat").read_text()))
    return module


@pytest.fixture(scope="session")
def upstream() -> Iterator[int]:
    with serving(Mirror()) as port:
        yield port


@pytest.fixture
def port() -> Iterator[int]:
    """A port that nobody but Envoy gets: it listens with SO_REUSEPORT, too, which the system gives to no one else."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]
