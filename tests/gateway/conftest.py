"""A plugin of a few lines, and upstreams on loopback, for gateways in a real Envoy."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from proxywasm_host.gateway.envoy import EnvoyError, find_envoy


@pytest.fixture(scope="session")
def envoy() -> None:
    try:
        find_envoy()
    except EnvoyError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    module = tmp_path_factory.mktemp("plugin") / "router.wasm"
    module.write_bytes(wat2wasm((Path(__file__).parent / "router.wat").read_text()))
    return module


class _Handler(BaseHTTPRequestHandler):
    """Tells what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        seen = {"path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}}
        answer = json.dumps({**seen, "body": len(body)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815  # http.server's name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # likewise
        """Silent."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of an upstream."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def upstream() -> Iterator[int]:
    with serving() as port:
        yield port


@pytest.fixture
def port() -> Iterator[int]:
    """A port that nobody but Envoy gets: it listens with SO_REUSEPORT, too, which the system gives to no one else."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]
