"""A real Envoy with Wasm filters in front of one upstream, and requests to it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Collection, Mapping
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


CHOOSING: Final = "x-cluster"
"""The header of a request that names its cluster; without it, it goes to the first one."""


def _bootstrap(
    clusters: Mapping[str, int], filters: list[Json], buffer: int | None, http2: Collection[str] = ()
) -> Json:
    routes = [_route(name, {"headers": [{"name": CHOOSING, "string_match": {"exact": name}}]}) for name in clusters]
    routes.append(_route(next(iter(clusters)), {}))
    trailers = {"enable_trailers": True}
    where = address("127.0.0.1", 0)
    listener = http_listener(_LISTENER, where, routes, filters, buffer=buffer, http_protocol_options=trailers)
    protocols = {name: _HTTP2 if name in http2 else http1(**trailers) for name in clusters}
    return {
        "static_resources": {
            "listeners": [listener],
            "clusters": [
                static_cluster(name, address("127.0.0.1", port), protocols[name]) for name, port in clusters.items()
            ],
        },
    }


_HTTP2: Final[Json] = {"explicit_http_config": {"http2_protocol_options": {}}}


def _route(cluster: str, condition: Json) -> Json:
    return {"match": {"prefix": "/", **condition}, "route": {"cluster": cluster, "timeout": "0s"}}


class Envoy(BackgroundEnvoy):
    """`clusters` are ports on loopback, the first one that of the route; `more` are further fields of the bootstrap.

    Plugins can read whole bodies of `buffer` bytes; None: of Envoy's default. Upstreams in `http2` are spoken to in
    HTTP/2, all others in HTTP/1.1; clients may speak either.
    """

    def __init__(
        self,
        clusters: Mapping[str, int],
        filters: list[Json],
        *,
        workers: int = 1,
        buffer: int | None = None,
        http2: Collection[str] = (),
        more: Json | None = None,
    ) -> None:
        super().__init__(_bootstrap(clusters, filters, buffer, http2) | (more or {}), workers=workers)

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
