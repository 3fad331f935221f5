"""The grammar of Anthropic's streams: an illegal order cannot be written, and no content is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ai_proxy.grammar import claude_blocks

from ai_proxy.protocols.anthropic.stream_writer import ClaudeWriter
from ai_proxy.wire.errors import ApiError
from ai_proxy.wire.json import Json
from proxywasm_host.recordings.bodies import parse_events


def taken(writer: ClaudeWriter) -> list[Json]:
    events = parse_events(writer.take())
    documents = [json.loads(data) for data, _ in events]
    assert [document["type"] for document in documents] == [event for _, event in events]
    return documents


def call(index: int, arguments: str = "", name: str = "") -> Json:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return {"tool_calls": [{"index": index, **({"id": f"call_{index}"} if name else {}), "function": function}]}


def written(*deltas: Json) -> list[Json]:
    writer = ClaudeWriter("m")
    for delta in deltas:
        writer.delta(0, delta)
    writer.finish(0, "stop")
    writer.done()
    return taken(writer)


def test_text_and_thinking_come_back_as_new_blocks() -> None:
    documents = written(
        {"content": "a"}, {"reasoning_content": "b"}, {"content": "c"}, call(0, "{}", "f"), {"content": "d"}
    )
    kinds = [("text", "a"), ("thinking", "b"), ("text", "c"), ("tool_use", "{}"), ("text", "d")]
    assert [(kind, content) for kind, _, content in claude_blocks(documents)] == kinds


def test_a_second_call_is_streamed_as_soon_as_the_first_is_complete() -> None:
    writer = ClaudeWriter("m")
    for delta in (call(0, "", "f"), call(0, '{"a":1}'), call(1, "", "g"), call(1, '{"b"')):
        writer.delta(0, delta)
    assert claude_blocks(taken(writer)) == [("tool_use", "f", '{"a":1}'), ("tool_use", "g", '{"b"')]


def test_calls_in_one_event_stay_whole() -> None:
    deltas = (call(0, "", "f"), call(1, "", "g"), call(0, '{"a"'), call(1, '{"b"'), call(0, ":1}"), call(1, ":2}"))
    assert claude_blocks(written(*deltas)) == [("tool_use", "f", '{"a":1}'), ("tool_use", "g", '{"b":2}')]


def test_a_call_without_arguments_is_one() -> None:
    assert claude_blocks(written(call(0, "", "f"), call(1, "", "g"))) == [("tool_use", "f", ""), ("tool_use", "g", "")]


def test_a_call_waits_for_its_name() -> None:
    unnamed: Json = {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}
    assert claude_blocks(written(unnamed, call(0, "}", "f"))) == [("tool_use", "f", "{}")]


def test_a_signature_ends_its_thinking() -> None:
    documents = written({"reasoning_content": "a"}, {"reasoning_signature": "s"}, {"reasoning_content": "b"})
    assert [content for _, _, content in claude_blocks(documents)] == ["a", "b"]
    assert [one["delta"]["signature"] for one in documents if one.get("delta", {}).get("signature")] == ["s"]


def test_usage_is_sent_once_with_the_stop_reason() -> None:
    writer = ClaudeWriter("m")
    writer.delta(0, {"content": "a"}, usage={"prompt_tokens": 7, "completion_tokens": 1})
    writer.finish(0, "length")
    details = {"cached_tokens": 3}
    writer.usage({"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": details})
    writer.usage({"prompt_tokens": 8, "completion_tokens": 3})
    writer.done()
    documents = taken(writer)
    assert documents[0]["message"]["usage"]["input_tokens"] == 7
    (delta,) = [one for one in documents if one["type"] == "message_delta"]
    assert delta["delta"]["stop_reason"] == "max_tokens"
    assert delta["usage"] == {"input_tokens": 4, "output_tokens": 2, "cache_read_input_tokens": 3}
    assert documents[-1] == {"type": "message_stop"}


def test_an_end_that_comes_too_early_is_not_written() -> None:
    writer = ClaudeWriter("m")
    writer.delta(0, {"content": "a"})
    with pytest.raises(ApiError, match="before it was complete"):
        writer.done()
    writer.fail(ApiError(529, "busy"))
    assert taken(writer)[-1] == {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    assert writer.closed


texts = st.text(min_size=1, max_size=4)
deltas = st.one_of(
    st.builds(lambda text: {"content": text}, texts),
    st.builds(lambda text: {"reasoning_content": text}, texts),
    st.builds(lambda text: {"reasoning_signature": text}, texts),
    st.builds(lambda text: {"content": [{"type": "text", "text": text}]}, texts),
    st.builds(call, st.integers(0, 2), st.sampled_from(["", "{", "}", "{}", '"a"', " "]), st.sampled_from(["", "f"])),
    st.dictionaries(st.sampled_from(["content", "tool_calls", "reasoning", "role"]), st.integers() | texts | st.none()),
)


@given(st.lists(deltas, max_size=12), st.sampled_from(["stop", "tool_calls", "odd"]), st.booleans())
def test_the_grammar_holds_for_any_deltas(deltas: list[Any], reason: str, usage_first: bool) -> None:
    writer = ClaudeWriter("m")
    documents: list[Json] = []
    for delta in deltas:
        writer.delta(0, delta)
        documents += taken(writer)
    if usage_first:
        writer.usage({"prompt_tokens": 1})
    writer.finish(0, reason)
    writer.delta(0, {"content": "late"})
    writer.done()
    blocks = claude_blocks(documents + taken(writer))
    texts = [delta["content"] for delta in deltas if delta.get("content")]
    flat = [one if isinstance(one, str) else one[0]["text"] if isinstance(one, list) else "" for one in texts]
    assert "".join(content for kind, _, content in blocks if kind == "text") == "".join(flat)
    reasoning = [delta.get("reasoning_content") or delta.get("reasoning") for delta in deltas]
    assert "".join(content for kind, _, content in blocks if kind == "thinking") == "".join(
        one for one in reasoning if isinstance(one, str)
    )
