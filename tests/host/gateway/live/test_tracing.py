"""What plugins say of an exchange is in its span."""

from __future__ import annotations

import json

from proxywasm.helpers import marshal_str
from proxywasm_host.gateway.live.access import AccessLine
from proxywasm_host.gateway.live.tracing import _attributes


def attributes(ai_log: str) -> dict[str, object]:
    return _attributes(AccessLine("chat", "POST", "/", {("ai_log",): ai_log.encode()}))


def test_attributes_of_statistics_are_those_of_the_span() -> None:
    said = {"consumer": "alice", "input_token": 20, "answer": None, "list": [1]}
    found = attributes(marshal_str(json.dumps(said)))
    assert {name: value for name, value in found.items() if name.startswith("ai.")} == {
        "ai.consumer": "alice",
        "ai.input_token": 20,
    }


def test_what_is_no_object_says_nothing() -> None:
    for text in ("", "text", "[1]", '{"a": '):
        assert not [name for name in attributes(text) if name.startswith("ai.")]
