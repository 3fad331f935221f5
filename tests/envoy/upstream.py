"""Upstreams on loopback: one that tells what it was sent, one that answers as an exchange file has it."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import h11

from proxywasm.wire import Fields
from proxywasm_host.recordings.exchange import Message

_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "DELETE"}
CHUNKS = [b"data: one\n\n", "data: zwölf\n\n".encode(), b"\xff\x00", b"data: [DONE]\n\n"]


def apart() -> None:
    """Chunks are apart in time: Envoy joins them only on a busy machine."""
    time.sleep(0.05)


def at_once() -> None:
    """Envoy joins chunks as it likes."""


class Handler(socketserver.BaseRequestHandler):
    """Reads HTTP/1.1 strictly: what no service could read is noted, and fails the tests of the server."""

    server: StrictServer
    method: str
    path: str
    headers: Fields

    def handle(self) -> None:
        self.server.connections += 1
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        self._received = b""
        try:
            while self._read_request():
                self.respond()
                if self._http.our_state is not h11.DONE:
                    return
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            # Without more to come, Envoy has given up a request in its middle, as it may.
            if self._received:
                self.server.unreadable.append(f"{error}: {self._received[-200:]!r}")
        except ConnectionError:
            pass  # Envoy does not want the rest of the response.

    def respond(self) -> None:
        raise NotImplementedError

    def _read_request(self) -> bool:
        event = self.next_event()
        if not isinstance(event, h11.Request):
            return False
        self.method, self.path = event.method.decode(), event.target.decode()
        self.headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
        if self.method not in _METHODS:
            self.server.unreadable.append(f"a request with method {self.method}, to {self.path}")
            return False
        return True

    def read_body(self) -> bytes:
        body = bytearray()
        while isinstance(event := self.next_event(), h11.Data):
            body += event.data
        return bytes(body)

    def next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._received = self.request.recv(1 << 16)
            self._http.receive_data(self._received)
        return event

    def answer(
        self,
        status: int,
        headers: Fields,
        chunks: Sequence[bytes],
        trailers: Sequence[tuple[str, str]] = (),
        after_chunk: Callable[[], object] = apart,
    ) -> None:
        """In chunks, unless the headers tell a length."""
        known = any(name == "content-length" for name, _ in headers)
        framing = [] if known else [("transfer-encoding", "chunked")]
        self._send(h11.Response(status_code=status, headers=as_bytes([*headers, *framing])))
        for chunk in chunks:
            self._send(h11.Data(data=chunk))
            after_chunk()
        self._send(h11.EndOfMessage(headers=as_bytes(trailers)))

    def _send(self, event: h11.Event) -> None:
        self.request.sendall(self._http.send(event) or b"")


def as_bytes(fields: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


class StrictServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.unreadable: list[str] = []
        """What has come that is no HTTP."""
        self.connections = 0


class _Mirror(Handler):
    server: Mirror

    def respond(self) -> None:
        body = self.read_body()
        query = self.path.partition("?")[2]
        if self.path == "/called":
            self._whole(b"answer to " + body)
        elif self.path == "/go":
            self.server.next_chunk.release()
            self._whole(b"")
        elif self.path.startswith("/stream") or "stream" in query:
            trailers = [("x-trailer", "yes")] if "trailers" in query else []
            pace = self.server.next_chunk.acquire if "paced" in query else at_once if "burst" in query else apart
            chunks = [] if "empty" in query else CHUNKS
            self.answer(200, [("content-type", "text/event-stream")], chunks, trailers, pace)
        else:
            seen = {"path": self.path, "headers": self.headers, "body": body.decode("latin-1")}
            self._whole(json.dumps(seen).encode())

    def _whole(self, body: bytes) -> None:
        self.answer(200, [("content-length", str(len(body)))], [] if self.method == "HEAD" else [body], (), at_once)


class _Player(Handler):
    server: RecordedUpstream

    def respond(self) -> None:
        body = self.read_body()
        pseudo = [(":method", self.method), (":path", self.path), (":authority", dict(self.headers)["host"])]
        self.server.seen.append(([*pseudo, *self.headers], body))
        answer = self.server.recorded
        fields = dict(answer.headers)
        fields.pop("content-length", None)
        self.answer(int(fields.pop(":status")), list(fields.items()), [chunk for chunk in answer.body if chunk])


class RecordedUpstream(StrictServer):
    """Answers every request with `recorded`."""

    recorded: Message

    def __init__(self) -> None:
        super().__init__(_Player)
        self.seen: list[tuple[Fields, bytes]] = []
        """Headers, with `:path`, `:method` and `:authority`, and body of the requests that came."""


@contextmanager
def serving(server: StrictServer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Its port, while it runs. Raises `AssertionError` at the end if something has come that is no HTTP."""
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not server.unreadable, "\n".join(server.unreadable)


class Mirror(StrictServer):
    """Answers with what it was sent, and `/stream` with `CHUNKS`: with `paced` in the query each waits for a `/go`."""

    def __init__(self) -> None:
        super().__init__(_Mirror)
        self.next_chunk = threading.Semaphore(0)
