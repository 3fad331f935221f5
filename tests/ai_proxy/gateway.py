"""A gateway with ai-proxy: sends a client's request and an upstream's answer through it, and shows both results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ai_proxy import plugin
from proxywasm_host.recordings.bodies import join, parse_events
from proxywasm_host.recordings.exchange import Exchange, Message
from proxywasm_host.recordings.replay import Session, native_session, replay
from proxywasm_host.testing import TestHost
from proxywasm_host.testing.programs import PluginSource

Json: TypeAlias = dict[str, Any]

COMPATIBLE: Json = {"type": "qwen", "apiTokens": ["sk-provider-1"]}
NATIVE: Json = {**COMPATIBLE, "qwenEnableCompatible": False}
CHAT: Json = {"model": "qwen-max", "messages": [{"role": "user", "content": "Hi"}]}
STREAM: Json = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}

SESSION = native_session(plugin)


@dataclass
class Running:
    """How the plugin runs: natively, or in Wasm in the second run of a test with the fixture `both_ways`."""

    session: Session
    source: PluginSource


RUNNING = Running(SESSION, plugin)


def gateway_with(provider: Json, **changes: Any) -> TestHost:
    """A gateway with this provider, for several streams, call-outs and a clock."""
    return TestHost(RUNNING.source, {"provider": {**provider, **changes}})


def answer(body: bytes | Json | Sequence[bytes] | None, status: int = 200, **headers: str) -> Message:
    """An answer of the upstream. A keyword such as `content_type` names a header."""
    names = {"content_type": "application/json"} | headers
    fields = [(":status", str(status))] + [(name.replace("_", "-"), value) for name, value in names.items()]
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    if body is None:
        chunks: tuple[bytes, ...] = ()
    else:
        chunks = (body,) if isinstance(body, bytes) else tuple(body)
        fields.append(("content-length", str(sum(map(len, chunks)))))
    return Message(fields, chunks)


def events(*chunks: bytes) -> Message:
    """A stream of the upstream."""
    return Message([(":status", "200"), ("content-type", "text/event-stream")], chunks)


@dataclass(frozen=True)
class Outcome:
    """The messages of one exchange."""

    result: Json

    @property
    def sent(self) -> Json:
        """The body that went upstream."""
        document: Json = json.loads(self.result["upstream"]["body"])
        return document

    @property
    def sent_bytes(self) -> bytes:
        return join([self.result["upstream"]["body"]])

    @property
    def sent_headers(self) -> dict[str, str]:
        return dict(self.result["upstream"]["headers"])

    @property
    def status(self) -> int:
        if reply := self.result["local_reply"]:
            return int(reply["status"])
        return int(self.headers[":status"])

    @property
    def headers(self) -> dict[str, str]:
        """The response headers for the client."""
        return dict((self.result["local_reply"] or self.result["downstream"])["headers"])

    @property
    def raw(self) -> bytes:
        return join((self.result["local_reply"] or self.result["downstream"])["body"])

    @property
    def json(self) -> Json:
        document: Json = json.loads(self.raw)
        return document

    @property
    def error(self) -> Json:
        """The OpenAI error object that the client gets instead of an answer."""
        assert self.headers["content-type"] == "application/json"
        assert self.status >= 400
        assert set(self.json["error"]) == {"message", "type", "param", "code"}
        error: Json = self.json["error"]
        return error

    @property
    def data(self) -> list[str]:
        """The data of the events that the client gets."""
        assert self.status == 200
        return [data for data, _ in parse_events(self.raw)]

    @property
    def logs(self) -> str:
        return "\n".join(self.result["logs"])


def ask(
    provider: Json,
    body: Json | bytes | None = None,
    response: Message | None = None,
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    headers: Iterable[tuple[str, str]] = (),
    form: bytes | None = None,
) -> Outcome:
    """Sends one request. `form` is a body whose content type is in `headers`."""
    fields = [(":scheme", "https"), (":authority", "gateway.example.com"), (":path", path), (":method", method)]
    chunks: tuple[bytes, ...] = ()
    if body is not None:
        fields.append(("content-type", "application/json"))
        chunks = (body if isinstance(body, bytes) else json.dumps(body).encode(),)
    elif form is not None:
        chunks = (form,)
    request = Message([*fields, *headers], chunks)
    config = json.dumps({"provider": provider})
    return Outcome(replay(Exchange("test", config, request, response), RUNNING.session))


def start(config: Json) -> Outcome:
    """Only load a configuration."""
    request = Message([(":path", "/"), (":method", "GET"), (":authority", "gateway.example.com"), (":scheme", "https")])
    return Outcome(replay(Exchange("test", json.dumps(config), request), RUNNING.session))


def refusal(config: Json) -> str:
    """Why the configuration is refused."""
    outcome = start(config)
    assert outcome.result["start"] == "failed"
    return str(outcome.result["error"])


def warnings(config: Json) -> list[str]:
    """The log lines for a configuration."""
    outcome = start(config)
    assert outcome.result["start"] == "ok", outcome.result["error"]
    # The last line is about the request.
    return [line.removeprefix("[warn] ") for line in outcome.result["logs"] if "unknown path" not in line]


def native_event(content: str | None, finish: str = "null", **message: Any) -> bytes:
    """One event of a DashScope stream."""
    choice = {"finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    usage = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
    document = {"output": {"choices": [choice]}, "usage": usage, "request_id": "r-1"}
    return b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:" + json.dumps(document).encode() + b"\n\n"
