"""A real Envoy with Wasm filters, and requests to it.

V8 compiles a module of CPython for four seconds of processor time, but once for all VMs of a process. So tests share
one process, with a listener of its own for each purpose, wherever it does not have to end.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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


def features_filter(
    bundle: Path, configuration: Json, policy: Policy = "FAIL_CLOSED", name: str = "tested", vm: str = "tested"
) -> Json:
    """The plugin `features` of the tests' bundle. What begins with an underscore is for the SDK."""
    chosen = json.loads(bundled(FEATURES, json.dumps(configuration)))
    return filter_of(bundle, chosen, policy, name, vm)


def filter_of(
    module: Path, configuration: Json, policy: Policy = "FAIL_CLOSED", name: str = "tested", vm: str = "tested"
) -> Json:
    """Filters of the same module and `vm` share a VM."""
    return wasm_filter(name, name, module, json.dumps(configuration), vm=vm, policy=policy)


CHOOSING: Final = "x-cluster"
"""The header of a request that names its cluster; without it, it goes to the first one."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What one listener does with requests.

    Attributes:
        clusters: ports on loopback, the first one that of the route. The names differ from those of other listeners.
        filters: in front of them.
        buffer: plugins can read whole bodies of so many bytes; None: of Envoy's default.
        http2: clusters that are spoken to in HTTP/2, all others in HTTP/1.1; clients may speak either.
    """

    clusters: Mapping[str, int]
    filters: list[Json]
    buffer: int | None = None
    http2: Collection[str] = ()

    def resource(self, name: str) -> Json:
        routes = [
            _route(each, {"headers": [{"name": CHOOSING, "string_match": {"exact": each}}]}) for each in self.clusters
        ]
        routes.append(_route(next(iter(self.clusters)), {}))
        where, more = address("127.0.0.1", 0), {"http_protocol_options": _TRAILERS}
        return http_listener(name, where, routes, self.filters, buffer=self.buffer, **more)

    def cluster_resources(self) -> Iterator[Json]:
        for name, port in self.clusters.items():
            protocol = _HTTP2 if name in self.http2 else http1(**_TRAILERS)
            yield static_cluster(name, address("127.0.0.1", port), protocol)


_TRAILERS: Final[Json] = {"enable_trailers": True}
_HTTP2: Final[Json] = {"explicit_http_config": {"http2_protocol_options": {}}}


def _route(cluster: str, condition: Json) -> Json:
    return {"match": {"prefix": "/", **condition}, "route": {"cluster": cluster, "timeout": "0s"}}


class Envoy:
    """A listener of a running Envoy, and what is known of its process."""

    def __init__(self, process: BackgroundEnvoy, listener: str) -> None:
        self._process = process
        self._listener = listener
        self.wait = process.wait

    @cached_property
    def port(self) -> int:
        return self._process.port_of(self._listener)

    @property
    def log(self) -> str:
        return self._process.log

    def wait_for_log(self, text: str, start: int = 0) -> str:
        """The log from a place on, once it has the text there."""
        deadline = time.monotonic() + TIMEOUT
        while text not in (log := self.log[start:]):
            if time.monotonic() > deadline:
                raise AssertionError(f"not in Envoy's log: {text}\n{log}")
            time.sleep(0.05)
        return log

    def set_log_level(self, level: str) -> None:
        """Of Wasm."""
        self._process.ask_admin("POST", f"/logging?wasm={level}")

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


@contextmanager
def envoys(
    listeners: Mapping[str, Listener], *, workers: int = 1, more: Json | None = None
) -> Iterator[dict[str, Envoy]]:
    """One process; `more` are further fields of the bootstrap."""
    resources = {
        "listeners": [listener.resource(name) for name, listener in listeners.items()],
        "clusters": [cluster for listener in listeners.values() for cluster in listener.cluster_resources()],
    }
    with BackgroundEnvoy({"static_resources": resources, **(more or {})}, workers=workers) as process:
        yield {name: Envoy(process, name) for name in listeners}


@contextmanager
def one_envoy(listener: Listener, *, workers: int = 1, more: Json | None = None) -> Iterator[Envoy]:
    """A process of its own for one listener."""
    with envoys({"tests": listener}, workers=workers, more=more) as found:
        yield found["tests"]
