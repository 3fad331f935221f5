"""A real Envoy with Wasm filters in front of one upstream, and requests to it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from functools import cached_property
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Final

from tests.bundle import FEATURES
from tests.bundle import configuration as bundled

from proxywasm_host.gateway.envoy.background import BackgroundEnvoy
from proxywasm_host.gateway.envoy.messages import Json, address, http1, http_listener, static_cluster
from proxywasm_host.gateway.envoy.wasm_filter import Policy, wasm_filter

TIMEOUT: Final = 120.0
"""Seconds for what takes milliseconds, unless the machine is busy."""
_LISTENER: Final = "tests"


def features_filter(bundle: Path, configuration: Json, policy: Policy = "FAIL_CLOSED", name: str = "tested") -> Json:
    """The plugin `features` of the tests' bundle. What begins with an underscore is for the SDK."""
    chosen = json.loads(bundled(FEATURES, json.dumps(configuration)))
    return filter_of(bundle, chosen, policy, name)


def filter_of(module: Path, configuration: Json, policy: Policy = "FAIL_CLOSED", name: str = "tested") -> Json:
    """Filters of the same module share a VM."""
    return wasm_filter(name, name, module, json.dumps(configuration), vm="tested", policy=policy)


def _bootstrap(clusters: Mapping[str, int], filters: list[Json], buffer: int | None) -> Json:
    route = {"match": {"prefix": "/"}, "route": {"cluster": next(iter(clusters)), "timeout": "0s"}}
    trailers = {"enable_trailers": True}
    where = address("127.0.0.1", 0)
    listener = http_listener(_LISTENER, where, [route], filters, buffer=buffer, http_protocol_options=trailers)
    return {
        "static_resources": {
            "listeners": [listener],
            "clusters": [
                static_cluster(name, address("127.0.0.1", port), http1(**trailers)) for name, port in clusters.items()
            ],
        },
    }


class Envoy(BackgroundEnvoy):
    """`clusters` are ports on loopback, the first one that of the route; `more` are further fields of the bootstrap.

    Plugins can read whole bodies of `buffer` bytes; None: of Envoy's default.
    """

    def __init__(
        self,
        clusters: Mapping[str, int],
        filters: list[Json],
        *,
        workers: int = 1,
        buffer: int | None = None,
        more: Json | None = None,
    ) -> None:
        super().__init__(_bootstrap(clusters, filters, buffer) | (more or {}), workers=workers)

    @cached_property
    def port(self) -> int:
        return self.port_of(_LISTENER)

    def wait_for_log(self, text: str) -> str:
        deadline = time.monotonic() + TIMEOUT
        while text not in (log := self.log):
            if time.monotonic() > deadline:
                raise AssertionError(f"not in Envoy's log: {text}\n{log}")
            time.sleep(0.05)
        return log

    def set_log_level(self, level: str) -> None:
        """Of Wasm."""
        self.ask_admin("POST", f"/logging?wasm={level}")

    def send(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def connection(self) -> socket.socket:
        """For bytes that no HTTP client would send, or not at these times."""
        return socket.create_connection(("127.0.0.1", self.port), TIMEOUT)

    def send_bytes(self, request: bytes) -> bytes:
        """Everything that comes back for the bytes of a request with `connection: close`."""
        with self.connection() as connection:
            connection.sendall(request)
            return all_of(connection)


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes it."""
    return b"".join(iter(lambda: connection.recv(65536), b""))
