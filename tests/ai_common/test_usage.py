"""The tokens of an answer are read whatever the protocol is, wherever the network cuts, and whatever a service says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_common import Usage, UsageReader
from ai_common.usage import MOST, MOST_TOKENS, read_usage
from proxywasm.testing import any_chunks

CHAT = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
DETAILED = {
    **CHAT,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
RESPONSES = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 15,
}
BEGUN = {"input_tokens": 3, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 5, "output_tokens": 1}
ENDED = {"output_tokens": 7}
GEMINI = {"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 18}
EMBEDDINGS = {"prompt_tokens": 8, "total_tokens": 8}


def event(document: object) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


CHAT_STREAM = (
    event({"choices": [{"delta": {"content": 'it says "usage": {"prompt_tokens": 99}'}}], "usage": None})
    + event({"choices": [], "usage": DETAILED})
    + b"data: [DONE]\n\n"
)
MESSAGES_STREAM = (
    event({"type": "message_start", "message": {"usage": BEGUN}})
    + event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "hi"}})
    + event({"type": "message_delta", "delta": {}, "usage": ENDED})
    + event({"type": "message_stop"})
)
RESPONSES_STREAM = event({"type": "response.created", "response": {"usage": None}}) + event(
    {"type": "response.completed", "response": {"output": [], "usage": RESPONSES}}
)
ANSWERS = {
    "chat": (json.dumps({"choices": [], "usage": CHAT}).encode(), Usage(10, 5, 15)),
    "chat, written without spaces": (json.dumps({"usage": CHAT}, separators=(",", ":")).encode(), Usage(10, 5, 15)),
    "chat, written in lines": (json.dumps({"usage": CHAT}, indent=2).encode(), Usage(10, 5, 15)),
    "embeddings": (json.dumps({"data": [], "usage": EMBEDDINGS}).encode(), Usage(8, 0, 8)),
    "responses": (json.dumps({"usage": RESPONSES}).encode(), Usage(10, 5, 15, 4, 3)),
    "messages": (json.dumps({"usage": BEGUN | ENDED}).encode(), Usage(10, 7, 17, 5, 0, 2)),
    "gemini": (json.dumps({"usageMetadata": GEMINI}).encode(), Usage(10, 8, 18, 0, 3)),
    "a stream of chat": (CHAT_STREAM, Usage(10, 5, 15, 4, 3)),
    "a stream of messages": (MESSAGES_STREAM, Usage(10, 7, 17, 5, 0, 2)),
    "a stream of responses": (RESPONSES_STREAM, Usage(10, 5, 15, 4, 3)),
}


@given(st.sampled_from(sorted(ANSWERS)), st.data())
def test_the_usage_is_that_of_the_whole_answer_wherever_it_is_cut(name: str, data: st.DataObject) -> None:
    body, expected = ANSWERS[name]
    reader = UsageReader()
    for chunk in data.draw(any_chunks(body)):
        reader.feed(chunk)
    assert reader.usage() == expected


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_single_bytes_are_enough(name: str) -> None:
    body, expected = ANSWERS[name]
    reader = UsageReader()
    for byte in body:
        reader.feed(bytes([byte]))
    assert reader.usage() == expected


def test_a_stream_that_is_cut_has_the_usage_so_far() -> None:
    reader = UsageReader()
    reader.feed(MESSAGES_STREAM[: MESSAGES_STREAM.index(b"message_delta")])
    assert reader.usage() == Usage(10, 1, 11, 5, 0, 2)


def test_the_newest_of_several_counts() -> None:
    reader = UsageReader()
    for made in (1, 2, 3):
        reader.feed(event({"usage": {"prompt_tokens": 10, "completion_tokens": made, "total_tokens": 10 + made}}))
    assert reader.usage() == Usage(10, 3, 13)


@pytest.mark.parametrize("absurd", [-5, 0, 10**30, MOST_TOKENS + 1, "12", True, None, [], {}, 1e300, -0.5])
@pytest.mark.parametrize("usage", [CHAT, RESPONSES, BEGUN, GEMINI])
def test_absurd_numbers_count_as_missing(usage: dict[str, Any], absurd: Any) -> None:
    for name in usage:
        found = read_usage({**usage, name: absurd})
        assert found is not None
        assert all(0 <= value <= 3 * MOST_TOKENS for value in vars_of(found))
    assert read_usage(dict.fromkeys(usage, absurd)) is None


def vars_of(usage: Usage) -> list[int]:
    return [usage.input, usage.output, usage.total, usage.cached, usage.reasoning, usage.cache_writes]


@given(st.dictionaries(st.sampled_from([*DETAILED, *RESPONSES, *BEGUN, *GEMINI]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["cached_tokens", "reasoning_tokens"]), inner),
    max_leaves=5,
)))  # fmt: skip
def test_no_usage_makes_it_fail(usage: dict[str, Any]) -> None:
    found = read_usage(usage)
    assert found is None or (found.total > 0 and all(type(value) is int and value >= 0 for value in vars_of(found)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON at all",
        b'{"usage": null}',
        b'{"usage": {"prompt_tokens": ',
        b'{"usage": {' + b'"a": {' * 400,
        b'{"usage": {"text": "' + b"x" * 3 * MOST + b'"}}',
        b'{"usage": {\xff\xfe}}',
    ],
)
def test_what_cannot_be_read_has_no_usage(body: bytes) -> None:
    reader = UsageReader()
    for start in range(0, len(body), 100):
        reader.feed(body[start : start + 100])
    assert reader.usage() is None


def test_memory_does_not_grow_with_the_answer() -> None:
    reader = UsageReader()
    for _ in range(1000):
        reader.feed(b'{"usage": {' + b"1" * 1000)
    assert len(reader._tail) <= 2 * MOST
