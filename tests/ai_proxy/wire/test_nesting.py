"""JSON that is nested too deeply is refused before it overflows the stack of an instance."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ai_proxy.gateway import COMPATIBLE, NATIVE, Json, gateway_with, native_event
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI

from ai_proxy.wire.json import BOUNDS, loads
from proxywasm_host.testing import chat_request, chat_response, request

DEPTH = BOUNDS.depth
both_ways = pytest.mark.usefixtures("both_ways")
DEEP = [DEPTH + 1, 9_000, 100_000]


def nested(depth: int, kind: str = "[") -> str:
    return "[" * depth + "]" * depth if kind == "[" else '{"x":' * depth + "{}" + "}" * depth


@both_ways
@pytest.mark.parametrize("provider", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
@pytest.mark.parametrize("kind", ["[", "{"])
def test_a_request_that_is_nested_too_deeply_is_refused_and_the_next_one_is_answered(provider: Json, kind: str) -> None:
    host = gateway_with(provider)
    for depth in DEEP:
        text = f'{{"model": "m", "messages": [{{"role": "user", "content": "Hi"}}], "tools": {nested(depth, kind)}}}'
        # The second is cut where it is not that deep yet, or too deep as well.
        for body, refusals in ((text, {413}), (text[: len(text) // 2], {400, 413})):
            reply = host.request(
                request("POST", "/v1/chat/completions", {"content-type": "application/json"}, body)
            ).reply
            assert reply is not None
            assert reply.status in refusals
            code = "request_too_large" if reply.status == 413 else "invalid_json"
            assert json.loads(reply.body)["error"]["code"] == code
    assert host.request(chat_request("Hi")).upstream


@both_ways
def test_an_answer_that_is_nested_too_deeply_is_an_error_and_the_next_one_is_read() -> None:
    host = gateway_with(NATIVE)
    for depth in DEEP:
        stream = host.request(chat_request("Hi"))
        stream.respond(200, {"content-type": "application/json"}, f'{{"output": {nested(depth)}}}')
        assert stream.downstream.status == 502
        stream = host.request(chat_request("Hi", stream=True))
        stream.respond(200, {"content-type": "text/event-stream"}, f'data: {{"output": {nested(depth)}}}\n\n')
        assert stream.downstream.status == 502
    stream = host.request(chat_request("Hi", stream=True))
    stream.respond(200, {"content-type": "text/event-stream"}, native_event("Hi", "stop"))
    assert b"Hi" in stream.downstream.body


@both_ways
@pytest.mark.parametrize(
    "provider", [COMPATIBLE, NATIVE, CLAUDE, GEMINI, BEDROCK], ids=lambda provider: provider["type"]
)
def test_documents_below_the_depth_limit_are_accepted(provider: Json) -> None:
    schema: Any = {"type": "string"}
    for _ in range((DEPTH - 10) // 2):
        schema = {"type": "object", "properties": {"x": schema}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    host = gateway_with(provider)
    stream = host.request(chat_request("Hi", tools=[tool], model="anthropic.claude-3"))
    assert stream.upstream.text.count('"properties"') == (DEPTH - 10) // 2


@both_ways
def test_brackets_within_strings_do_not_count() -> None:
    host = gateway_with(COMPATIBLE)
    text = '[{"' * 5_000 + '\\"' + "[" * 5_000
    assert host.request(chat_request(text)).upstream.json()["messages"][0]["content"] == text
    assert host.roundtrip(chat_request("Hi"), chat_response(text)).downstream.status == 200


documents = st.recursive(
    st.none() | st.booleans() | st.text('[]{}"\\,: x') | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{}"\\', max_size=4), inner, max_size=3),
    max_leaves=20,
)


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(documents, st.integers(DEPTH - 20, DEPTH + 20), st.sampled_from(["list", "dict"]), st.booleans())
def test_the_depth_of_any_document_is_found_out(document: Any, around: int, kind: str, many: bool) -> None:
    for _ in range(around):
        document = [document] if kind == "list" else {"]": document}
    if many:  # with many shallow neighbours, and all that one of them lacks in another
        document = ["]", *([[{}]] * DEPTH), document, "[{"]
    text = json.dumps(document)
    if depth_of(document) <= DEPTH:
        assert loads(text) == document
    else:
        with pytest.raises(ValueError, match=f"nested more than {DEPTH} deep"):
            loads(text.encode())
