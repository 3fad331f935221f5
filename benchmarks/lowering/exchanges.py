"""What a plugin is asked to do while its instructions are counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from proxywasm.wire import Fields

from ..envoy.gateways import NATIVE, PASS_THROUGH
from .counting import CountingGateway

_REQUEST: Final[Fields] = [
    (":scheme", "http"),
    (":method", "POST"),
    (":path", "/v1/chat/completions"),
    (":authority", "gateway.example"),
    ("accept", "*/*"),
    ("content-type", "application/json"),
    ("user-agent", "benchmark/1.0"),
    ("x-request-id", "f2f6f0e4-3a3c-9bd2-9d8f-4a8e6a1b2c3d"),
]
_JSON: Final[Fields] = [(":status", "200"), ("content-type", "application/json")]
_EVENTS: Final[Fields] = [(":status", "200"), ("content-type", "text/event-stream")]
_TEXT: Final = "你好, world: some words "
_USAGE: Final = {"total_tokens": 30, "output_tokens": 9, "input_tokens": 21}


class WrongAnswerError(Exception):
    """A module does not do what is measured."""


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _native(text: str, finish: str) -> dict[str, object]:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {"output": {"choices": [choice]}, "usage": _USAGE, "request_id": "b5f7e0a1"}


def _native_events(count: int) -> list[bytes]:
    finishes = ["null"] * (count - 1) + ["stop"]
    events = [_json(_native(_TEXT, finish)) for finish in finishes]
    return [b"id:%d\nevent:result\n:HTTP_STATUS/200\ndata:%s\n\n" % item for item in enumerate(events, 1)]


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    provider: Mapping[str, Any]
    chunks: list[bytes]
    """Of the answer."""
    sent: bytes
    """What upstream gets has this in it, ..."""
    received: bytes
    """... and what the client gets has this."""
    response: Fields = field(default_factory=lambda: _JSON)
    stream: bool = False


_CHOICE: Final = {"index": 0, "message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}
_CHAT: Final = {"id": "c1", "object": "chat.completion", "created": 1, "model": "qwen-max", "choices": [_CHOICE]}

CASES: Final = (
    Case("pass-through", PASS_THROUGH, [_json(_CHAT)], b'"messages"', b'"chat.completion"'),
    Case("Qwen", NATIVE, [_json(_native(_TEXT, "stop"))], b'"input"', b'"chat.completion"'),
    Case("Qwen, 20 chunks", NATIVE, _native_events(20), b'"incremental_output"', b"data: [DONE]", _EVENTS, stream=True),
)


def count(module: Path, case: Case, *, warm: int = 20, counted: int = 40) -> float:
    """Instructions of one exchange, after some that are not counted: CPython changes its code to what it has seen.

    Raises `WrongAnswerError`.
    """
    gateway = CountingGateway(module, json.dumps({"provider": case.provider}))
    message = {"role": "user", "content": "Who are you?"}
    body = _json({"model": "gpt-4o", "messages": [message], "temperature": 0.7, "stream": case.stream})
    before = 0
    for number in range(warm + counted):
        if number == warm:
            before = gateway.executed
        sent, received = gateway.exchange(_REQUEST, body, case.response, case.chunks)
        if case.sent not in sent or case.received not in received:
            raise WrongAnswerError(f"{module}: {case.name}: {sent!r} {received!r} {gateway.log}")
    return (gateway.executed - before) / counted
