"""A fake model service that speaks OpenAI's chat, and Anthropic's messages, and is out of breath when told to be."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHAT: dict[str, Any] = {
    "id": "c1", "object": "chat.completion", "created": 1, "model": "qwen-plus",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30},
}  # fmt: skip
MESSAGE: dict[str, Any] = {
    "id": "m1", "type": "message", "role": "assistant", "model": "qwen-plus", "stop_reason": "end_turn",
    "stop_sequence": None, "content": [{"type": "text", "text": "hi"}],
    "usage": {"input_tokens": 20, "output_tokens": 10},
}  # fmt: skip


class Service(ThreadingHTTPServer):
    """Attributes:
    requests: the headers of each request, and its body.
    busy: so many of the next requests are answered with 429.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[dict[str, str], str]] = []
        self.busy = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_POST(self) -> None:
        body = self.body().decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((headers | {":path": self.path}, body))
        if self.server.busy:
            self.server.busy -= 1
            self.answer(429, {"error": {"message": "slow down", "type": "rate_limit_error"}}, ("retry-after", "0"))
        elif json.loads(body).get("stream"):
            self.stream()
        else:
            self.answer(200, MESSAGE if self.path.endswith("/messages") else CHAT)

    def body(self) -> bytes:
        if "content-length" in self.headers:
            return self.rfile.read(int(self.headers["content-length"]))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def answer(self, status: int, document: dict[str, Any], *more: tuple[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(body))), *more):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        chunk = {**CHAT, "object": "chat.completion.chunk", "usage": None}
        delta = {"index": 0, "delta": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
        events = [{**chunk, "choices": [delta]}, {**chunk, "choices": [], "usage": CHAT["usage"]}]
        for text in [*map(json.dumps, events), "[DONE]"]:
            event = f"data: {text}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextlib.contextmanager
def running() -> Iterator[Service]:
    service = Service()
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
