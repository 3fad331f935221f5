"""Small helpers, and the tokens that model services say they have used."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sdk.driving import errors, request

from proxywasm import (
    HttpContext,
    Plugin,
    encode_event,
    get_value_from_body,
    marshal_str,
    unify_sse_chunk,
    unmarshal_str,
)
from proxywasm.adapters.native import native_program
from proxywasm.token_usage import TokenUsage, get_token_usage
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.stream import Runner


@given(st.text())
def test_what_is_escaped_is_unescaped(text: str) -> None:
    assert unmarshal_str(marshal_str(text)) == text
    assert json.loads(f'"{marshal_str(text)}"') == text


@pytest.mark.parametrize(
    ("paths", "value"),
    [(["x", "a.b"], 1), (["list.1"], "two"), (["list.7", "null"], None), (["a.b.c", "zero"], 0), (["none"], None)],
)
def test_the_first_path_that_exists_gives_the_value(paths: list[str], value: object) -> None:
    assert get_value_from_body(b'{"a":{"b":1},"list":["one","two"],"null":null,"zero":0}', paths) == value
    assert get_value_from_body(b"no json", paths) is None


def test_line_ends_become_lf() -> None:
    assert unify_sse_chunk(b"a\r\nb\rc\n") == b"a\nb\nc\n"


OPENAI = {
    "id": "c1",
    "model": "gpt",
    "usage": {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 1},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}
CLAUDE = [
    {
        "type": "message_start",
        "message": {
            "id": "m1",
            "model": "claude",
            "usage": {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 5},
        },
    },
    {"type": "content_block_delta", "delta": {"text": "the word usage without quotes"}},
    {"type": "message_delta", "usage": {"output_tokens": 20}},
]
RESPONSES = {
    "type": "response.completed",
    "response": {
        "id": "r1",
        "model": "gpt",
        "usage": {
            "input_tokens": 1,
            "output_tokens": 2,
            "total_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 1},
        },
    },
}
GEMINI = {
    "responseId": "g1",
    "modelVersion": "gemini",
    "usageMetadata": {
        "promptTokenCount": 1,
        "candidatesTokenCount": 2,
        "totalTokenCount": 9,
        "thoughtsTokenCount": 6,
        "promptTokensDetails": [],
    },
}
DOUBAO = {"usage": {"generated_images": 2, "output_tokens": 8, "total_tokens": 8}}

CASES: list[tuple[list[Any], TokenUsage]] = [
    ([OPENAI], TokenUsage("gpt", 3, 4, 7, {"cached_tokens": 1}, {"reasoning_tokens": 2}, "c1")),
    (CLAUDE, TokenUsage("claude", 10, 20, 35, {"cache_read_input_tokens": 5}, {}, "m1")),
    ([RESPONSES], TokenUsage("gpt", 1, 2, 3, {}, {"reasoning_tokens": 1}, "r1")),
    ([GEMINI], TokenUsage("gemini", 1, 2, 9, {}, {"thoughts_token_count": 6}, "g1")),
    ([DOUBAO], TokenUsage("asked", 0, 8, 8, {}, {"generated_images": 2}, "")),
    ([{"usage": "none"}], TokenUsage("asked")),
    (["usage"], TokenUsage("asked")),
    ([{"model": "gpt"}], TokenUsage()),
]


def usage_of(content_type: str, *chunks: bytes) -> tuple[TokenUsage, dict[str, Any]]:
    plugin: Plugin[Any] = Plugin("usage")
    result: list[tuple[TokenUsage, dict[str, Any]]] = []

    @plugin.on_streaming_response_body
    def chunk(ctx: HttpContext, config: Any, chunk: bytes, last_chunk: bool) -> None:
        usage = get_token_usage(ctx, chunk, request_model="asked")
        result[:] = [(usage, ctx.get_user_attribute_map())]

    services = HostServices()
    program = native_program(plugin, services)
    program.configure("", LogLevel.INFO)
    runner = Runner(program, services)
    stream = request(runner)
    stream.response_headers([(":status", "200"), ("content-type", content_type)], False)
    for data in chunks:
        stream.response_body(data, False)
    assert errors(runner) == []
    return result[0]


def test_a_stream_that_cannot_be_read_says_nothing_more_and_harms_nobody() -> None:
    used = encode_event(json.dumps({"model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 2}}))
    endless = b"data: " + b"x" * 1_000_000
    usage, _ = usage_of("text/event-stream", used, *[endless] * 20, used.replace(b"1", b"5"))
    assert (usage.model, usage.input_token) == ("m", 1)
    deep = '{"usage": ' + "[" * 100_000 + "]" * 100_000 + "}"
    usage, _ = usage_of("application/json", deep.encode())
    assert usage.model in {"", "asked"}


@pytest.mark.parametrize(("documents", "expected"), CASES)
def test_the_tokens_of_a_stream_cut_anywhere(documents: list[Any], expected: TokenUsage) -> None:
    raw = b"".join(encode_event(json.dumps(document)) for document in documents) + encode_event("[DONE]")
    for size in (len(raw), 7, 1):
        pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
        usage, attributes = usage_of("text/event-stream", *pieces)
        assert usage == expected
        if expected.model:
            assert attributes["total_token"] == expected.total_token
            assert attributes["model"] == expected.model


@pytest.mark.parametrize(("documents", "expected"), [case for case in CASES if len(case[0]) == 1])
def test_the_tokens_of_a_whole_body(documents: list[Any], expected: TokenUsage) -> None:
    assert usage_of("application/json", json.dumps(documents[0]).encode())[0] == expected


def test_a_body_that_is_cut_says_nothing() -> None:
    assert usage_of("application/json", b'{"usage":')[0] == TokenUsage("asked")
