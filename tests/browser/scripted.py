"""A gateway with the pages, in front of a service that answers with what a test gives it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.host.serve_process import free_port, serving

_SECONDS = 60


@dataclass(frozen=True)
class Refusal:
    """Instead of an answer."""

    status: int
    message: str


class Gate:
    """Where a stream waits until the test opens it."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self.reached = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def wait(self) -> bool:
        self.reached.set()
        return self._opened.wait(_SECONDS)


class Break:
    """The connection ends here, without the end of the stream."""


Step = str | Mapping[str, Any] | Gate | Break | Refusal
"""A text, a `delta`, or one of the above. A refusal comes first, and alone."""


class Scripted(ThreadingHTTPServer):
    """Attributes:
    address: where the gateway listens.
    requests: bodies of chats, in the order of their arrival.
    tokens: the values of `authorization` of all requests.
    list_gate: where the list of models waits.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = ""
        self.requests: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.list_gate: Gate | None = None
        self._answers: dict[str, list[list[Step]]] = {}
        self._names: dict[str, str] = {}

    def name(self, model: str, answers_as: str) -> None:
        """The name that answers of the model have in `model`."""
        self._names[model] = answers_as

    def name_of(self, model: str) -> str:
        return self._names.get(model, model)

    def say(self, model: str, *answers: list[Step]) -> None:
        """What the model answers, one after the other; the last one again and again. `/v1/models` lists all models."""
        self._answers[model] = list(answers)

    def forget(self) -> None:
        self.requests.clear()
        self.tokens.clear()
        self.list_gate = None
        self._answers.clear()
        self._names.clear()

    def models(self) -> list[str]:
        return [*self._answers]

    def next_answer(self, body: dict[str, Any]) -> list[Step]:
        self.requests.append(body)
        answers = self._answers.get(body["model"])
        if answers is None:
            return [Refusal(404, f"there is no model {body['model']}")]
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def do_GET(self) -> None:
        self.server.tokens.append(self.headers["authorization"])
        if self.server.list_gate is not None:
            self.server.list_gate.wait()
        entries = [{"id": name, "object": "model", "created": 0, "owned_by": "test"} for name in self.server.models()]
        self.answer(200, {"object": "list", "data": entries})

    def do_POST(self) -> None:
        self.server.tokens.append(self.headers["authorization"])
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        steps = self.server.next_answer(body)
        if isinstance(steps[0], Refusal):
            self.answer(steps[0].status, {"error": {"message": steps[0].message, "code": "refused"}})
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client has stopped it
            self.stream(steps, self.server.name_of(body["model"]))

    def stream(self, steps: list[Step], model: str) -> None:
        count = 0
        for step in steps:
            if isinstance(step, Gate):
                self.close_connection = not step.wait()
            elif isinstance(step, Break | Refusal):
                self.close_connection = True
            else:
                count += 1
                self.event(model, {"content": step} if isinstance(step, str) else step)
            if self.close_connection:
                return
        self.event(model, {}, "stop")
        usage = {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7 + count}
        self.write(f"data: {json.dumps({'model': model, 'choices': [], 'usage': usage})}\n\ndata: [DONE]\n\n".encode())
        self.write(b"")

    def event(self, model: str, delta: Mapping[str, Any], finish_reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        self.write(f"data: {json.dumps({'model': model, 'choices': [choice]})}\n\n".encode())

    def write(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextlib.contextmanager
def scripted_gateway(folder: Path) -> Iterator[Scripted]:
    service = Scripted()
    service.daemon_threads = True
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    document = {
        "listen": f"127.0.0.1:{free_port()}",
        "playground": True,
        "routes": [{"name": "models", "match": {"path_prefix": "/v1/"}, "upstream": "models"}],
        "upstreams": {"models": f"http://127.0.0.1:{service.server_port}"},
    }
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(document))  # which is YAML, too
    try:
        with serving(file) as (_, address):
            service.address = address
            yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
