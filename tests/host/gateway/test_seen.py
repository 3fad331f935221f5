"""Access lines and traces of a gateway with ai-proxy, in both engines: the same names, and no secrets."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.artefacts import AI_PROXY_SOURCE
from tests.host.gateway.both import Engine, exchange, running, until

TOKEN = "sk-0123456789abcdef0123456789"
COLLECTOR_KEY = "collector-key-1122334455"
CLIENT_KEY = "sk-of-the-client-98765"
QUERY_KEY = "key-in-the-query-4321"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
CHATS = 5
USAGE = {"input_tokens": 11, "output_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4}}


class Server(ThreadingHTTPServer):
    """Keeps the requests: headers and body of each."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests: list[tuple[dict[str, str], bytes]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        if self.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def served(answer: dict[str, Any]) -> Iterator[Server]:
    with Server(json.dumps(answer).encode()) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def spans(collector: Server) -> list[Span]:
    found = []
    for headers, body in collector.requests:
        assert headers["authorization"] == COLLECTOR_KEY
        request = ExportTraceServiceRequest.FromString(body)
        found += [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
    return found


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(found[0]) for found in re.finditer(r"^\{.*\}$", log, re.MULTILINE)]


@pytest.fixture
def plugin(engine: Engine, request: pytest.FixtureRequest) -> dict[str, str]:
    if engine == "serve":
        return {"source": str(AI_PROXY_SOURCE)}
    return {"module": str(request.getfixturevalue("ai_proxy_module"))}


def test_an_exchange_is_a_line_and_a_span(engine: Engine, tmp_path: Path, plugin: dict[str, str]) -> None:
    choice = {"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    provider = {
        "type": "qwen",
        "apiTokens": [TOKEN],
        "modelMapping": {"gpt-4o": "qwen-max"},
        "qwenEnableCompatible": False,
    }
    with served({"output": {"choices": [choice]}, "usage": USAGE}) as upstream, served({}) as collector:
        content = {
            "access_log": True,
            "tracing": {
                "url": f"http://127.0.0.1:{collector.server_port}/v1/traces",
                "service": "gate",
                "headers": {"authorization": COLLECTOR_KEY},
            },
            "plugins": [{"name": "ai-proxy", **plugin, "config": {"provider": provider}}],
            "routes": [{"name": "models"}],
            "upstreams": {"dashscope.aliyuncs.com": f"http://127.0.0.1:{upstream.server_port}"},
        }
        with running(engine, tmp_path, content) as gateway:
            body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}).encode()
            for _ in range(CHATS):
                status, _, answer = exchange(
                    gateway.port,
                    f"POST /v1/chat/completions?key={QUERY_KEY} HTTP/1.1",
                    "host: a.test",
                    "content-type: application/json",
                    f"content-length: {len(body)}",
                    f"authorization: Bearer {CLIENT_KEY}",
                    f"traceparent: {PARENT}",
                    body=body,
                )
                assert status == 200, answer
            until(lambda: len(lines(gateway.log())) == CHATS)
            until(lambda: len(spans(collector)) == CHATS) if engine == "envoy" else None
            log = gateway.log
        text = log()
        for line in lines(text):
            said = json.loads(line["ai_proxy"]) if engine == "envoy" else line
            assert [line[key] for key in ("route", "method", "path", "status", "upstream", "trace")] == [
                "models", "POST", "/v1/chat/completions", 200, "dashscope.aliyuncs.com", TRACE,
            ]  # fmt: skip
            assert [said[key] for key in ("provider", "requested_model", "model")] == ["qwen", "gpt-4o", "qwen-max"]
            counted = [said[key] for key in ("input_token", "output_token", "cached_tokens", "reasoning_tokens")]
            assert counted == [11, 7, 4, 0]
            assert line["request_bytes"] == len(body)
            assert line["response_bytes"] > 0
            own = line["gateway_ms"] if engine == "serve" else line["before_upstream_us"] + line["after_upstream_us"]
            assert own > 0
            assert line["duration_ms"] >= line["first_byte_ms"] > 0
        told = {headers["traceparent"] for headers, _ in upstream.requests}
        assert told == {f"00-{TRACE}-{span.span_id.hex()}-01" for span in spans(collector)}
        assert len(told) == CHATS
        assert {span.trace_id.hex() for span in spans(collector)} == {TRACE}
        assert {span.parent_span_id.hex() for span in spans(collector)} == {"b7ad6b7169203331"}
        tags = {tag.key: tag.value.string_value for tag in spans(collector)[0].attributes}
        assert (tags["url.path"], tags["http.route"]) == ("/v1/chat/completions", "models")
        assert "qwen-max" in (tags["gen_ai.response.model"] if engine == "serve" else tags["ai_proxy"])
        shown = text + "".join(str(span) for span in spans(collector))
        for secret in (TOKEN, CLIENT_KEY, QUERY_KEY, COLLECTOR_KEY):
            assert secret not in shown


def test_without_tracing_a_traceparent_passes_as_it_is(engine: Engine, tmp_path: Path) -> None:
    with served({}) as upstream:
        content = {
            "access_log": True,
            "routes": [{"name": "all", "upstream": "one"}],
            "upstreams": {"one": f"http://127.0.0.1:{upstream.server_port}"},
        }
        with running(engine, tmp_path, content) as gateway:
            status, _, _ = exchange(
                gateway.port, "POST / HTTP/1.1", "host: a.test", "content-length: 0", f"traceparent: {PARENT}"
            )
            assert status == 200
        assert upstream.requests[0][0]["traceparent"] == PARENT
