"""Upstreams on loopback: one that tells what it was sent, one that answers as an exchange file has it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from proxywasm.wire import Fields
from proxywasm_host.exchange import Message

CHUNKS = [b"data: one\n\n", "data: zwölf\n\n".encode(), b"\xff\x00", b"data: [DONE]\n\n"]


def apart() -> None:
    """Chunks are apart in time: Envoy joins them only on a busy machine."""
    time.sleep(0.05)


def at_once() -> None:
    """Envoy joins chunks as it likes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def read_body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():  # trailers
                pass
        return body

    def answer(
        self,
        status: int,
        headers: Fields,
        chunks: Sequence[bytes],
        trailers: bytes = b"",
        after_chunk: Callable[[], object] = apart,
    ) -> None:
        self.send_response(status)
        for name, value in [*headers, ("transfer-encoding", "chunked")]:
            self.send_header(name, value)
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.flush()
            after_chunk()
        self.wfile.write(b"0\r\n" + trailers + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
        pass


class _Mirror(_Handler):
    server: Mirror

    def do_GET(self) -> None:
        body = self.read_body()
        query = self.path.partition("?")[2]
        if self.path == "/called":
            self._whole(b"answer to " + body)
        elif self.path == "/go":
            self.server.next_chunk.release()
            self._whole(b"")
        elif self.path.startswith("/stream") or "stream" in query:
            trailers = b"x-trailer: yes\r\n" if "trailers" in query else b""
            pace = self.server.next_chunk.acquire if "paced" in query else at_once if "burst" in query else apart
            chunks = [] if "empty" in query else CHUNKS
            self.answer(200, [("content-type", "text/event-stream")], chunks, trailers, pace)
        else:
            seen = {"path": self.path, "headers": self.headers.items(), "body": body.decode("latin-1")}
            self._whole(json.dumps(seen).encode())

    do_POST = do_GET  # noqa: N815  # the name is http.server's

    def _whole(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Player(_Handler):
    server: RecordedUpstream

    def do_POST(self) -> None:
        body = self.read_body()
        pseudo = [(":method", self.command), (":path", self.path), (":authority", self.headers["host"])]
        self.server.seen.append(([*pseudo, *self.headers.items()], body))
        answer = self.server.recorded
        fields = dict(answer.headers)
        fields.pop("content-length", None)
        self.answer(int(fields.pop(":status")), list(fields.items()), [chunk for chunk in answer.body if chunk])


class RecordedUpstream(ThreadingHTTPServer):
    """Answers every request with `recorded`."""

    recorded: Message

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Player)
        self.seen: list[tuple[Fields, bytes]] = []
        """Headers, with `:path`, `:method` and `:authority`, and body of the requests that came."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    """Its port, while it runs."""
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Mirror(ThreadingHTTPServer):
    """Answers with what it was sent, and `/stream` with `CHUNKS`: with `paced` in the query each waits for a `/go`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mirror)
        self.next_chunk = threading.Semaphore(0)
