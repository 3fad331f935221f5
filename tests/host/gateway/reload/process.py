"""A gateway whose file changes, as a user runs it, in both engines, and clients whose streams last."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.host.gateway.both import Engine
from tests.host.serve_process import TOOL, free_port

SECONDS = 120.0
_PIECE = re.compile(rb"(\w{4}): (\d)\n\n")
Headers = dict[str, str]


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.02)


@dataclass
class GatewayFile:
    path: Path
    content: dict[str, Any]

    def save(self, **keys: Any) -> None:
        """As an editor does that replaces the file."""
        self.content |= keys
        self.save_text(yaml.safe_dump(self.content, sort_keys=False))

    def save_text(self, text: str) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(text)
        new.replace(self.path)


@dataclass
class Running:
    process: subprocess.Popen[str]
    port: int
    log: list[str] = field(default_factory=list)

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.log.append(line)

    def ask(self, path: str = "/whole", port: int | None = None) -> tuple[int, Headers, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=SECONDS)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def version(self) -> str | None:
        """That serves new streams."""
        return self.ask()[1].get("x-version")

    def logged(self, text: str) -> list[str]:
        return [line for line in [*self.log] if text in line]

    def wait_for(self, text: str, lines: int = 1) -> None:
        until(lambda: len(self.logged(text)) >= lines)

    def wait_for_version(self, version: str) -> None:
        until(lambda: self.version() == version)

    def load(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)


def document(upstream: int, version: str, source: Path, **keys: Any) -> dict[str, Any]:
    return {
        "listen": f"127.0.0.1:{free_port()}",
        "plugins": [plugin(source, version)],
        "routes": [{"name": "all", "upstream": "paced"}],
        "upstreams": {"paced": f"http://127.0.0.1:{upstream}"},
        **keys,
    }


def plugin(source: Path, version: str) -> dict[str, Any]:
    """`source`: the file of the plugin, or the bundle of all test plugins or a module of that."""
    config = {"version": version}
    if source.stem != "versioned":
        config = {"plugin": "versioned", "config": json.dumps(config)}
    return {"name": "versioned", "module" if source.suffix == ".wasm" else "source": str(source), "config": config}


@contextlib.contextmanager
def watching(engine: Engine, file: GatewayFile, *words: str, watch: bool = True) -> Iterator[Running]:
    """Without `watch` the file is loaded when the test calls `Running.load`: a watched one has to be quiet first."""
    command = ["envoy", str(file.path), "--run"] if engine == "envoy" else ["serve", str(file.path)]
    with subprocess.Popen(
        [TOOL, *command, *(["--watch"] if watch else []), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        running = Running(process, int(file.content["listen"].rpartition(":")[2]))
        reader = threading.Thread(target=running.read, args=(process.stderr,))
        reader.start()
        try:
            assert process.stdout.readline().startswith("ready: "), running.log
            yield running
            assert process.poll() is not None or running.end() == 0, running.log
        finally:
            if process.poll() is None:
                process.terminate()  # so that Envoy, its child, ends, too
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20)
            process.kill()
            reader.join(SECONDS)


class Stream:
    """A client that reads a stream of events, or a WebSocket, piece by piece."""

    def __init__(self, port: int, *, websocket: bool = False) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        upgrade = "connection: upgrade\r\nupgrade: websocket\r\n" if websocket else ""
        self._socket.sendall(f"GET /stream HTTP/1.1\r\nhost: a\r\n{upgrade}\r\n".encode())
        self._data = b""
        self._number = 0
        self.versions: set[bytes] = set()
        self.next()

    def next(self) -> None:
        """Read the next piece, and see that it is the next one."""
        while (found := _PIECE.search(self._data)) is None:
            self._more()
        self._data = self._data[found.end() :]
        assert int(found[2]) == self._number % 10
        self._number += 1
        self.versions.add(found[1])

    def finish(self) -> None:
        """Read to the end of a stream of events."""
        while not self._data.endswith(b"0\r\n\r\n"):
            self._more()
        self._socket.close()

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> None:
        data = self._socket.recv(1 << 16)
        assert data, "the stream was dropped"
        self._data += data
