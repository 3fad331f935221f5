"""What ai-proxy says of an exchange for access logs, for each protocol of clients, stream and whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import Json, gateway_with

from proxywasm_host.testing import TestHost, chat_request, request, response

KEY = "sk-usage-0123456789abcdef"
OPENAI: Json = {"type": "openai", "apiTokens": [KEY], "modelMapping": {"asked": "used"}}
QWEN: Json = {**OPENAI, "type": "qwen", "qwenEnableCompatible": False}
CLAUDE: Json = {**OPENAI, "type": "claude"}

OPENAI_USAGE: Json = {
    "prompt_tokens": 20,
    "completion_tokens": 8,
    "total_tokens": 28,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
ANTHROPIC_USAGE: Json = {"input_tokens": 15, "output_tokens": 8, "cache_read_input_tokens": 5}
COUNTS = {"input_token": 20, "output_token": 8, "total_token": 28, "cached_tokens": 5}


def chunk(**more: Any) -> str:
    return f"data: {json.dumps({'id': 'c', 'object': 'chat.completion.chunk', 'model': 'used', **more})}\n\n"


def delta(text: str, finish: str | None = None) -> list[Json]:
    return [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]


def message(event: str, **more: Any) -> str:
    return f"event: {event}\ndata: {json.dumps({'type': event, **more})}\n\n"


DECOY = 'says "usage":{"prompt_tokens": 999}'
WHOLE = {
    "id": "c",
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": DECOY}, "finish_reason": "stop"}],
    "usage": OPENAI_USAGE,
}
STREAM = (
    chunk(choices=delta("Hel"), usage=None)
    + chunk(choices=delta(DECOY, "stop"), usage=None)
    + chunk(choices=[], usage=OPENAI_USAGE)
    + "data: [DONE]\n\n"
)
ANTHROPIC_WHOLE = {
    "id": "m", "type": "message", "role": "assistant", "model": "used", "stop_reason": "end_turn",
    "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"usage": {"input_tokens": 999}}}],
    "usage": ANTHROPIC_USAGE,
}  # fmt: skip
ANTHROPIC_STREAM = (
    message("message_start", message={
        "id": "m", "type": "message", "role": "assistant", "content": [], "model": "used",
        "usage": {**ANTHROPIC_USAGE, "output_tokens": 1},
    })
    + message("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + message("content_block_delta", index=0, delta={"type": "text_delta", "text": DECOY})
    + message("content_block_stop", index=0)
    + message("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 8})
    + message("message_stop")
)  # fmt: skip
QWEN_USAGE = {"input_tokens": 20, "output_tokens": 8, "total_tokens": 28, "prompt_tokens_details": {"cached_tokens": 5}}


def qwen(text: str, finish: str) -> Json:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {"request_id": "r", "output": {"choices": [choice]}, "usage": QWEN_USAGE}


QWEN_STREAM = f"data:{json.dumps(qwen('Hel', 'null'))}\n\ndata:{json.dumps(qwen(DECOY, 'stop'))}\n\n"

CASES: dict[str, tuple[Json, str, str, Json | str]] = {
    "OpenAI, passed": (OPENAI, "/v1/chat/completions", "openai/v1/chatcompletions", WHOLE),
    "OpenAI, a stream, passed": (OPENAI, "/v1/chat/completions", "openai/v1/chatcompletions", STREAM),
    "OpenAI, converted": (QWEN, "/v1/chat/completions", "openai/v1/chatcompletions", qwen(DECOY, "stop")),
    "OpenAI, a stream, converted": (QWEN, "/v1/chat/completions", "openai/v1/chatcompletions", QWEN_STREAM),
    "Anthropic, passed": (CLAUDE, "/v1/messages", "anthropic/v1/messages", ANTHROPIC_WHOLE),
    "Anthropic, a stream, passed": (CLAUDE, "/v1/messages", "anthropic/v1/messages", ANTHROPIC_STREAM),
    "Anthropic, converted": (OPENAI, "/v1/messages", "openai/v1/chatcompletions", WHOLE),
    "Anthropic, a stream, converted": (OPENAI, "/v1/messages", "openai/v1/chatcompletions", STREAM),
    "OpenAI of Anthropic": (CLAUDE, "/v1/chat/completions", "openai/v1/chatcompletions", ANTHROPIC_WHOLE),
    "OpenAI of Anthropic, a stream": (CLAUDE, "/v1/chat/completions", "openai/v1/chatcompletions", ANTHROPIC_STREAM),
}


def logged(host: TestHost, path: str, answer: Json | str, size: int = 0) -> Json:
    """The attributes when the answer has ended, and the stream has not: Envoy ends the span in between.

    A stream comes in chunks of this size, or at once.
    """
    streams = isinstance(answer, str)
    body = {"model": "asked", "stream": streams, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    stream = host.request(request("POST", path, json=body))
    if isinstance(answer, str):
        data = answer.encode()
        stream.response_headers(200, {"content-type": "text/event-stream"})
        for at in range(0, len(data), size or len(data)):
            stream.response_body(data[at : at + (size or len(data))])
        stream.response_body(b"", end_of_stream=True)
    else:
        stream.respond(response(200, json=answer))
    attributes: Json = json.loads(stream.get_property("ai_proxy_log") or b"{}")
    return attributes


@pytest.mark.parametrize("size", [0, 1, 50])
@pytest.mark.parametrize("case", CASES)
def test_models_and_tokens_of_an_exchange(case: str, size: int) -> None:
    provider, path, api, answer = CASES[case]
    attributes = logged(gateway_with(provider), path, answer, size)
    assert KEY not in json.dumps(attributes)
    said = {name: attributes[name] for name in ("provider", "requested_model", "model", "api", "response_type")}
    assert said == {
        "provider": provider["type"],
        "requested_model": "asked",
        "model": "used",
        "api": api,
        "response_type": "stream" if isinstance(answer, str) else "normal",
    }
    assert {name: attributes[name] for name in COUNTS} == COUNTS
    assert attributes["reasoning_tokens"] == (3 if answer in (WHOLE, STREAM) else 0)


def test_embeddings_are_counted() -> None:
    host = gateway_with(OPENAI)
    stream = host.request(request("POST", "/v1/embeddings", json={"model": "asked", "input": "Hi"}))
    embedding = {"object": "embedding", "index": 0, "embedding": [0.5]}
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    stream.respond(response(200, json={"object": "list", "data": [embedding], "model": "used", "usage": usage}))
    stream.finish()
    attributes = json.loads(stream.get_property("ai_proxy_log") or b"{}")
    assert (attributes["input_token"], attributes["output_token"], attributes["total_token"]) == (7, 0, 7)


GOOGLE_USAGE = {
    "promptTokenCount": 18, "toolUsePromptTokenCount": 2, "candidatesTokenCount": 5, "thoughtsTokenCount": 3,
    "totalTokenCount": 28, "cachedContentTokenCount": 5,
}  # fmt: skip


@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent?alt=sse"])
@pytest.mark.parametrize("size", [0, 1, 50])
def test_googles_own_answers_are_counted(method: str, size: int) -> None:
    host = gateway_with({**OPENAI, "type": "gemini"})
    path = f"/v1beta/models/gemini-2.5-pro:{method}"
    stream = host.request(request("POST", path, json={"contents": [{"parts": [{"text": "Hi"}]}]}))
    content = {"candidates": [{"content": {"role": "model", "parts": [{"text": DECOY}]}}]}
    last = json.dumps({**content, "usageMetadata": GOOGLE_USAGE}).encode()
    if method == "generateContent":
        stream.respond(response(200, {"content-type": "application/json"}, last))
    else:
        first = json.dumps({**content, "usageMetadata": {"promptTokenCount": 18}}).encode()
        data = b"data: " + first + b"\r\n\r\ndata: " + last + b"\r\n\r\n"
        stream.response_headers(200, {"content-type": "text/event-stream"})
        for at in range(0, len(data), size or len(data)):
            stream.response_body(data[at : at + (size or len(data))])
        stream.response_body(b"", end_of_stream=True)
    attributes = json.loads(stream.get_property("ai_proxy_log") or b"{}")
    assert {name: attributes.get(name) for name in COUNTS} == COUNTS
    assert attributes["reasoning_tokens"] == 3


LAST = (b"data: [DONE]\n\n", b"event: message_stop\n")


@pytest.mark.parametrize("size", [0, 1, 50])
@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case[3] in (STREAM, ANTHROPIC_STREAM)])
def test_the_tokens_are_known_when_the_client_has_the_last_event(case: str, size: int) -> None:
    """Clients leave then, and plugins before this one are told the end before it is."""
    provider, path, _, answer = CASES[case]
    assert isinstance(answer, str)
    stream = gateway_with(provider).request(
        request(
            "POST",
            path,
            json={"model": "asked", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
        )
    )
    stream.response_headers(200, {"content-type": "text/event-stream"})
    data = answer.encode()
    for at in range(0, len(data), size or len(data)):
        stream.response_body(data[at : at + (size or len(data))])
    assert any(mark in stream.downstream.body for mark in LAST)
    attributes = json.loads(stream.get_property("ai_proxy_log") or b"{}")
    assert {name: attributes.get(name) for name in COUNTS} == COUNTS


def test_a_stream_that_ends_early_says_which_models_and_no_tokens() -> None:
    host = gateway_with(OPENAI)
    stream = host.request(chat_request("Hi", model="asked", stream=True))
    stream.response_headers(200, {"content-type": "text/event-stream"})
    stream.response_body(chunk(choices=delta("Hel"), usage=None))
    stream.finish()
    attributes = json.loads(stream.get_property("ai_proxy_log") or b"{}")
    assert (attributes["requested_model"], attributes["model"]) == ("asked", "used")
    assert "input_token" not in attributes


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ("{}", (0, 0, 0, 0, 0)),
        ('{"prompt_tokens": "many", "completion_tokens": -1, "prompt_tokens_details": [1]}', (0, 0, 0, 0, 0)),
        ('{"input_tokens":2,"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1}}', (2, 3, 5, 0, 1)),
        ('{"prompt_tokens": 2, "total_tokens": 2}, "more": {"prompt_tokens": 9}', (2, 0, 2, 0, 0)),
        ('{"prompt_tokens":', (0, 0, 0, 0, 0)),
    ],
)
def test_what_counts_as_tokens(usage: str, expected: tuple[int, ...]) -> None:
    host = gateway_with(OPENAI)
    stream = host.request(request("POST", "/v1/responses", json={"model": "asked", "input": "Hi"}))
    stream.respond(response(200, {"content-type": "application/json"}, f'{{"usage": {usage}}}'))
    stream.finish()
    attributes = json.loads(stream.get_property("ai_proxy_log") or b"{}")
    names = ("input_token", "output_token", "total_token", "cached_tokens", "reasoning_tokens")
    assert tuple(attributes[name] for name in names) == expected


def test_a_name_that_is_no_plain_text_stays_one_name() -> None:
    name = 'a"b\\c\n\u2028\N{SNOWMAN}",\\"model\\":\\"x'
    stream = gateway_with(OPENAI).request(chat_request("Hi", model=name))
    stream.finish()
    attributes = json.loads(stream.get_property("ai_proxy_log") or b"{}")
    assert attributes["requested_model"] == attributes["model"] == name


def test_an_answer_of_a_plugin_is_logged_at_the_end_of_the_stream() -> None:
    stream = gateway_with(OPENAI).request(request("POST", "/v1/chat/completions", json={"model": "asked"}))
    stream.finish()
    attributes = json.loads(stream.get_property("ai_proxy_log") or b"{}")
    assert (attributes["provider"], attributes["api"]) == ("openai", "openai/v1/chatcompletions")


def test_a_thousand_names_of_models_are_each_their_own() -> None:
    host = gateway_with(OPENAI)
    for number in range(1000):
        stream = host.request(chat_request("Hi", model=f"model-{number}"))
        stream.finish()
        assert json.loads(stream.get_property("ai_proxy_log") or b"{}")["model"] == f"model-{number}"
