"""What a chat shows of a response, whatever the response is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm_host.recordings.bodies import parse
from proxywasm_host.recordings.transcript import ToolCall, Transcript, transcript

NAMES = ["choices", "delta", "message", "content", "tool_calls", "function", "name", "arguments", "index", "error"]
NAMES += ["usage", "finish_reason", "reasoning", "text"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)


def event(**delta: Any) -> str:
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n"


def test_pieces_of_a_stream_are_joined() -> None:
    calls: list[Any] = [
        [{"index": 1, "function": {"name": "f", "arguments": "{"}}],
        [{"index": 1, "function": {"arguments": "}"}}],
    ]
    text = event(content="a", reasoning_content="x") + event(content="b") + "".join(event(tool_calls=c) for c in calls)
    said = transcript(parse(f"{text}data: [DONE]\n\n".encode()))
    assert said == Transcript("ab", "x", [ToolCall(), ToolCall("f", "{}")], done=True)


@pytest.mark.parametrize("function", ["f", 5, {"name": 5, "arguments": {"a": 1}}])
def test_what_is_no_call_of_a_function_says_nothing(function: Any) -> None:
    said = transcript(parse(event(tool_calls=[{"function": function}]).encode()))
    assert said.tool_calls == [ToolCall()]


@given(VALUES, st.lists(VALUES, max_size=3))
def test_any_document_has_a_transcript(document: Any, choices: list[Any]) -> None:
    for each in (document, {"choices": [{"index": 0, "delta": choice} for choice in choices]}):
        for body in (json.dumps(each), f"data: {json.dumps(each)}\n\n"):
            transcript(parse(body.encode()))
