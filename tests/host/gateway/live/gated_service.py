"""A fake DashScope whose streams go on only when the client has reported the first piece, and a gateway in front of it.

So a reader that has all pieces got the first one before the service had sent the others, however slow the machine is.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.host.serve_process import ROOT, free_port, serving

PIECES = ["One", " two", " three"]
_SECONDS = 60


class GatedService(ThreadingHTTPServer):
    """Attributes:
    page: what `GET /page` is answered with.
    reports: what clients have sent to `/report`.
    """

    def __init__(self, page: bytes = b"") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = page
        self.seen = threading.Semaphore(0)
        self.reports: queue.Queue[Any] = queue.Queue()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GatedService

    def do_GET(self) -> None:
        self.answer(self.server.page if self.path == "/page" else b"", "text/html")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"null")
        if self.path == "/seen":
            self.server.seen.release()
            self.answer(b"{}")
        elif self.path == "/report":
            self.server.reports.put(body)
            self.answer(b"{}")
        elif "event-stream" in self.headers.get("accept", ""):
            self.stream()
        else:
            self.answer(json.dumps(_event("".join(PIECES), last=True)).encode())

    def answer(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for place, piece in enumerate(PIECES):
            if place == 1 and not self.server.seen.acquire(timeout=_SECONDS):
                self.close_connection = True  # without its end the response is a failure
                return
            event = f"data:{json.dumps(_event(piece, last=piece is PIECES[-1]))}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _event(text: str, *, last: bool) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop" if last else "null"}
    return {"output": {"choices": [choice]}, "usage": {"input_tokens": 1, "output_tokens": 2}, "request_id": "r"}


@contextlib.contextmanager
def gated_gateway(folder: Path, page: bytes = b"") -> Iterator[tuple[GatedService, str]]:
    """The service, and where a gateway listens that sends chats to it by ai-proxy in Wasm, and all else as it is."""
    service = GatedService(page)
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    provider = {"type": "qwen", "apiTokens": ["sk-0123456789abcdef"], "qwenEnableCompatible": False}
    config = {"_rules_": [{"_match_route_": ["chats"], "provider": provider}]}
    document = {
        "listen": f"127.0.0.1:{free_port()}",
        "plugins": [{"name": "ai-proxy", "source": str(ROOT / "plugins" / "ai_proxy"), "config": config}],
        "routes": [{"name": "chats", "match": {"path_prefix": "/v1/"}}, {"name": "page", "upstream": "page"}],
        "upstreams": dict.fromkeys(("dashscope.aliyuncs.com", "page"), f"http://127.0.0.1:{service.server_port}"),
    }
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(document))  # which is YAML, too
    try:
        with serving(file) as (_, address):
            yield service, address
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
