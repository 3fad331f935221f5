"""The upstreams of a comparison: they answer what an exchange file says, and keep what they were asked."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from proxywasm.wire import Fields
from proxywasm_host.recordings.exchange import CallOut, Message

BY_ROUTE = "x-came-by-the-route"
"""A header that requests have which came by a route, and calls of the plugin itself have not."""
APART = 0.001
"""Seconds between the chunks of an answer, so that they mostly arrive as they were cut."""


@dataclass(frozen=True, slots=True)
class Asked:
    cluster: str
    headers: Fields
    body: bytes


@dataclass(slots=True)
class Script:
    """What is answered while one exchange runs, and what has been asked."""

    response: Message | None
    callouts: Sequence[CallOut]
    requests: list[Asked] = field(default_factory=list)
    calls: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked, path: str) -> Message | None:
        if any(name == BY_ROUTE for name, _ in asked.headers):
            self.requests.append(asked)
            return self.response
        self.calls.append(asked)
        for callout in self.callouts:
            if callout.cluster in (None, asked.cluster) and callout.path in (None, path):
                return callout.response
        return None


class Recorder:
    """One script at a time: exchanges run one after another."""

    def __init__(self) -> None:
        self._script = Script(None, ())
        self._lock = threading.Lock()

    def play(self, script: Script) -> None:
        with self._lock:
            self._script = script

    def answer(self, asked: Asked, path: str) -> Message | None:
        with self._lock:
            return self._script.answer(asked, path)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        pseudo = [(":method", self.command), (":path", self.path)]
        pseudo += [(":authority", value) for name, value in headers if name == "host"]
        fields = pseudo + [pair for pair in headers if pair[0] != "host"]
        answer = self.server.recorder.answer(Asked(self.server.cluster, fields, self._body()), self.path)
        if answer is None:
            self.close_connection = True
        else:
            self._send(answer)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815  # http.server's names

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, answer: Message) -> None:
        headers = dict(answer.headers)
        plain = headers.get("content-length") == str(sum(map(len, answer.body)))
        self.send_response_only(int(headers[":status"]))
        for name, value in answer.headers:
            if not name.startswith(":") and (plain or name != "content-length"):
                self.send_header(name, value)
        if not plain:
            self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in answer.body:
            if chunk:
                time.sleep(APART)
                self.wfile.write(chunk if plain else f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        if not plain:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Silent."""


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, cluster: str, recorder: Recorder) -> None:
        self.cluster = cluster
        self.recorder = recorder
        super().__init__(str(path), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that goes away is none; what matters is compared."""


@contextmanager
def recording(clusters: Collection[str], folder: Path) -> Iterator[tuple[Recorder, dict[str, Path]]]:
    """Upstreams with these names, each at a socket in the folder."""
    recorder = Recorder()
    sockets = {cluster: folder / f"up-{index}" for index, cluster in enumerate(clusters)}
    with ExitStack() as stack:
        for cluster, path in sockets.items():
            server = stack.enter_context(_Server(path, cluster, recorder))
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield recorder, sockets
