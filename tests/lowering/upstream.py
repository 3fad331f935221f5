"""An upstream that tells what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNKS = [b"data: one\n\n", "data: zwölf\n\n".encode(), b"\xff\x00", b"data: [DONE]\n\n"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        if self.path == "/called":
            self._answer(b"answer to " + body)
        elif self.path == "/stream":
            self._stream()
        else:
            seen = {"path": self.path, "headers": self.headers.items(), "body": body.decode("latin-1")}
            self._answer(json.dumps(seen).encode())

    do_POST = do_GET  # noqa: N815  # the name is http.server's

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in [*CHUNKS, b""]:
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.flush()
            # Apart in time, so that Envoy does not join them.
            time.sleep(0.05)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # likewise
        pass


@contextmanager
def upstream() -> Iterator[int]:
    """The port of a running upstream."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
