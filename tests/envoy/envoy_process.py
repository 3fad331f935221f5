"""One real Envoy on loopback with Wasm filters in front of one upstream."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Json = dict[str, Any]

START_TIMEOUT = 120.0
"""Seconds. V8 compiles a module in a few, on a busy machine in many."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _type(name: str) -> str:
    return f"type.googleapis.com/envoy.extensions.{name}"


def _address(port: int) -> Json:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int) -> Json:
    endpoint = {"endpoint": {"address": _address(port)}}
    http1 = {"explicit_http_config": {"http_protocol_options": {"enable_trailers": True}}}
    return {
        "name": name,
        "type": "STATIC",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": _type("upstreams.http.v3.HttpProtocolOptions"),
                **http1,
            }
        },
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def wasm_filter(module: Path, configuration: Json, failure_policy: str = "FAIL_CLOSED", name: str = "tested") -> Json:
    """Filters of the same module share a VM."""
    return {
        "name": name,
        "typed_config": {
            "@type": _type("filters.http.wasm.v3.Wasm"),
            "config": {
                "name": name,
                "root_id": name,
                "failure_policy": failure_policy,
                # A paused header phase must still deliver the body.
                "allow_on_headers_stop_iteration": True,
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": json.dumps(configuration),
                },
                "vm_config": {
                    "vm_id": "tested",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": str(module)}},
                },
            },
        },
    }


def configuration(port: int, admin_port: int, clusters: Mapping[str, int], filters: list[Json]) -> Json:
    router = {"name": "router", "typed_config": {"@type": _type("filters.http.router.v3.Router")}}
    route = {"match": {"prefix": "/"}, "route": {"cluster": next(iter(clusters)), "timeout": "10s"}}
    manager = {
        "@type": _type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "test",
        "http_protocol_options": {"enable_trailers": True},
        "route_config": {"name": "all", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [*filters, router],
    }
    return {
        "admin": {"address": _address(admin_port)},
        "static_resources": {
            "listeners": [
                {
                    "address": _address(port),
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [_cluster(name, target) for name, target in clusters.items()],
        },
    }


class Envoy:
    """Runs from `with` until its end. Its log is in a file, so that a full pipe never stops it."""

    def __init__(
        self,
        binary: str,
        clusters: Mapping[str, int],
        filters: list[Json],
        *,
        workers: int = 1,
        more: Json | None = None,
    ) -> None:
        """`clusters` are ports on loopback, the first one that of the route; `more` goes into the bootstrap."""
        self.port, self.admin_port = free_port(), free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="proxywasm-envoy-")
        folder = Path(self._folder.name)
        config = folder / "envoy.json"
        config.write_text(json.dumps(configuration(self.port, self.admin_port, clusters, filters) | (more or {})))
        self.log_file = folder / "envoy.log"
        self._command = [binary, "-c", str(config), "--concurrency", str(workers), "-l", "warning"]
        self._command += [
            "--component-log-level",
            "wasm:info",
            "--disable-hot-restart",
            "--log-path",
            str(self.log_file),
            "--file-flush-interval-msec",
            "50",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_TIMEOUT
        while not self.listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self.log()
                self.__exit__(None, None, None)
                raise RuntimeError(f"Envoy did not start:\n{log}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def wait(self) -> int:
        """Its exit status, when it ends by itself."""
        assert self._process
        return self._process.wait(20)

    def listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def wait_for_log(self, text: str, seconds: float = 10) -> str:
        deadline = time.monotonic() + seconds
        while text not in (log := self.log()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not in Envoy's log: {text}\n{log}")
            time.sleep(0.05)
        return log

    def set_log_level(self, level: str) -> None:
        """Of Wasm, through the admin interface."""
        connection = HTTPConnection("127.0.0.1", self.admin_port, timeout=20)
        try:
            connection.request("POST", f"/logging?wasm={level}")
            assert connection.getresponse().status == 200
        finally:
            connection.close()

    def send(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()
