"""What typed clients rely on: shapes of streams, errors, request ids, lists of models, paths that are refused."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.gateway import CHAT, NATIVE, STREAM, Json, answer, ask, events
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI

OPENAI: Json = {"type": "openai", "apiTokens": ["k"]}
MESSAGE: Json = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
ASKED = {"stream_options": {"include_usage": True}}


def chunk(**fields: object) -> bytes:
    return f"data: {json.dumps({'id': 'c', **fields})}\n\n".encode()


def said(text: str, **fields: object) -> bytes:
    return chunk(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}], **fields)


FINISH = {"index": 0, "delta": {}, "finish_reason": "stop"}
STREAMS = {
    "of its own": [said("a"), chunk(choices=[FINISH]), chunk(choices=[], usage=USAGE)],
    "with the finish": [said("a"), chunk(choices=[FINISH], usage=USAGE)],
    "with each chunk": [said("a", usage={"total_tokens": 2}), chunk(choices=[FINISH], usage=USAGE)],
    "in the choice": [said("a"), chunk(choices=[{**FINISH, "usage": USAGE}])],
}


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}, ASKED], ids=["", "no", "yes"])
@pytest.mark.parametrize("place", STREAMS)
def test_the_usage_of_a_stream_is_one_last_chunk_if_the_client_asks_for_it(place: str, options: Json) -> None:
    outcome = ask(OPENAI, {**CHAT, "stream": True, **options}, events(*STREAMS[place], b"data: [DONE]\n\n"))
    documents = [json.loads(data) for data in outcome.data[:-1]]
    assert outcome.data[-1] == "[DONE]"
    assert [one["choices"][0]["delta"] for one in documents[:2]] == [{"content": "a"}, {}]
    used = [one["usage"] for one in documents if one.get("usage")]
    assert used == ([USAGE] if options == ASKED else [])
    assert [one["choices"] for one in documents[2:]] == ([[]] if options == ASKED else [])


def test_plugins_that_count_tokens_can_have_the_usage_of_each_stream() -> None:
    stream = events(*STREAMS["of its own"], b"data: [DONE]\n\n")
    assert '"usage"' in str(ask({**OPENAI, "streamUsage": "always"}, {**CHAT, "stream": True}, stream).data)


@pytest.mark.usefixtures("both_ways")
def test_each_part_of_a_stream_of_dashscope_comes_once() -> None:
    def event(arguments: str, reason: str) -> bytes:
        call = {"id": "c0", "type": "function", "index": 0, "function": {"name": "f", "arguments": arguments}}
        choice = {"finish_reason": reason, "message": {"role": "assistant", "content": "", "tool_calls": [call]}}
        return f"data: {json.dumps({'output': {'choices': [choice]}})}\n\n".encode()

    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    stream = events(event('{"a"', "null"), event('{"a":1}', "null"), event('{"a":1}', "tool_calls"))
    data = ask(NATIVE, {**STREAM, "tools": [tool]}, stream).data[:-1]
    deltas = [choice["delta"] for one in map(json.loads, data) for choice in one["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert "".join(delta.get("role", "") for delta in deltas) == "assistant"
    assert "".join(call.get("id", "") for call in calls) == "c0"
    assert "".join(call["function"].get("name", "") for call in calls) == "f"
    assert "".join(call["function"]["arguments"] for call in calls) == '{"a":1}'


def test_the_finish_of_gemini_comes_after_its_last_call() -> None:
    part = {"functionCall": {"name": "f", "args": {}}}
    document = {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}
    data = ask(
        GEMINI, {**STREAM, "model": "gemini-2.5-flash"}, events(f"data: {json.dumps(document)}\n\n".encode())
    ).data
    first, finish = (json.loads(one)["choices"][0] for one in data[:-1])
    assert (first["finish_reason"], len(first["delta"]["tool_calls"])) == (None, 1)
    assert (finish["finish_reason"], finish["delta"]) == ("tool_calls", {})


HAVE_MESSAGES: list[Json] = [
    NATIVE,
    {"type": "deepseek", "apiTokens": ["sk-1"]},
    {**BEDROCK, "modelMapping": {"*": "anthropic.claude-sonnet-4-5-20250929-v1:0"}},
]
"""Services that have the Messages API, but keep no threads."""


@pytest.mark.parametrize("provider", [OPENAI, GEMINI, {**BEDROCK, "bedrockMessagesApi": False}, *HAVE_MESSAGES])
def test_threads_of_anthropics_sdks_are_refused_so_that_they_send_the_conversation(provider: Json) -> None:
    outcome = ask(provider, {**MESSAGE, "thread": {"type": "continue"}}, path="/v1/messages")
    error = outcome.json["error"]
    assert (outcome.status, error["type"], outcome.result["upstream"]) == (400, "invalid_request_error", None)
    assert error["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["provider"]}


def test_anthropic_itself_keeps_threads() -> None:
    thread = {"type": "continue", "previous_message_id": "msg_1"}
    assert ask(CLAUDE, {**MESSAGE, "thread": thread}, path="/v1/messages").sent["thread"] == thread


def test_the_clients_version_counts_where_its_request_is_passed_on() -> None:
    headers = [("anthropic-version", "2099-01-01")]
    assert ask(CLAUDE, MESSAGE, path="/v1/messages", headers=headers).sent_headers["anthropic-version"] == "2099-01-01"
    assert ask(CLAUDE, MESSAGE, path="/v1/messages").sent_headers["anthropic-version"] == "2023-06-01"
    assert ask(CLAUDE, CHAT, headers=headers).sent_headers["anthropic-version"] == "2023-06-01"


START = b'event: message_start\ndata: {"type":"message_start"}\n\n'


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("rest", [b"", b"event: content_block_delta\ndata: {"])
def test_a_stream_of_anthropics_that_breaks_off_ends_with_an_error(rest: bytes, size: int) -> None:
    body = START + rest
    outcome = ask(CLAUDE, {**MESSAGE, "stream": True}, events(*cut(body, size)), path="/v1/messages")
    assert outcome.raw.startswith(body)
    assert outcome.raw[len(body) :].lstrip().startswith(b"event: error\ndata: ")
    assert outcome.raw.endswith(b"\n\n")
    whole = START + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert ask(CLAUDE, {**MESSAGE, "stream": True}, events(*cut(whole, size)), path="/v1/messages").raw == whole


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_response_that_breaks_off_ends_with_an_error(size: int) -> None:
    service = {"type": "groq", "apiTokens": ["sk-12345678"]}
    request = {"model": "m", "input": "Hi", "stream": True}
    begun = b'event: response.created\ndata: {"type":"response.created"}\n\n'
    for rest in (b"", b"event: response.output_text.delta\ndata: {"):
        outcome = ask(service, request, events(*cut(begun + rest, size)), path="/v1/responses")
        assert outcome.raw.startswith(begun + rest)
        assert outcome.raw[len(begun + rest) :].lstrip().startswith(b'event: error\ndata: {"error":{"message":')
    for end in ("completed", "incomplete", "failed"):
        whole = begun + f'event: response.{end}\ndata: {{"type":"response.{end}"}}\n\n'.encode()
        assert ask(service, request, events(*cut(whole, size)), path="/v1/responses").raw == whole


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


QUOTA = {
    "code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED",
    "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}],
}  # fmt: skip


@pytest.mark.usefixtures("both_ways")
def test_errors_of_google_are_openais_with_the_time_to_wait() -> None:
    outcome = ask(GEMINI, {**CHAT, "model": "gemini-2.5-pro"}, answer({"error": QUOTA}, 429))
    assert outcome.error["type"] == "rate_limit_error"
    assert (outcome.error["code"], outcome.headers["retry-after"]) == ("RESOURCE_EXHAUSTED", "35")
    anthropic = ask(GEMINI, {**MESSAGE, "model": "gemini-2.5-pro"}, answer({"error": QUOTA}, 429), path="/v1/messages")
    assert (anthropic.json["error"]["type"], anthropic.headers["retry-after"]) == ("rate_limit_error", "35")
    said_by_the_service = answer({"error": QUOTA}, 429, retry_after="7")
    assert ask(GEMINI, {**CHAT, "model": "gemini-2.5-pro"}, said_by_the_service).headers["retry-after"] == "7"


@pytest.mark.usefixtures("both_ways")
def test_the_id_of_a_request_is_where_clients_look_for_it() -> None:
    claudes = answer({"id": "m", "content": [], "stop_reason": "end_turn"}, request_id="req_1")
    assert ask(CLAUDE, CHAT, claudes).headers["x-request-id"] == "req_1"
    awss = answer({"message": "no"}, 400, x_amzn_requestid="aws-1")
    assert ask(BEDROCK, {**CHAT, "model": "meta.llama3"}, awss).headers["x-request-id"] == "aws-1"
    openais = answer({"choices": []}, x_request_id="o-1")
    assert ask(OPENAI, MESSAGE, openais, path="/v1/messages").headers["request-id"] == "o-1"


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("provider", "method", "path"),
    [
        (CLAUDE, "POST", "/claude/v1/responses/compact"),
        (CLAUDE, "GET", "/claude/v1/responses/r1/input_items/v1/batches"),
        (BEDROCK, "GET", "/bedrock/v1/models"), (BEDROCK, "POST", "/bedrock/v1/completions"),
        ({"type": "grok", "apiTokens": ["k"]}, "GET", "/x/v1/files/f1"),
    ],
)  # fmt: skip
def test_an_api_that_a_service_lacks_is_refused_here(provider: Json, method: str, path: str) -> None:
    outcome = ask(provider, CHAT if method == "POST" else None, path=path, method=method)
    assert (outcome.status, outcome.error["code"]) == (404, "unsupported_api")
    assert outcome.result["upstream"] is None


@pytest.mark.usefixtures("both_ways")
def test_the_list_of_models_is_made_of_the_mapping() -> None:
    provider = {**BEDROCK, "modelMapping": {"small": "us.amazon.nova-lite-v1:0", "gpt-*": "x", "large": "y", "*": "z"}}
    outcome = ask(provider, path="/bedrock/v1/models", method="GET")
    assert (outcome.status, [one["id"] for one in outcome.json["data"]]) == (200, ["small", "large"])
    assert {one["object"] for one in outcome.json["data"]} == {"model"}
    headers = [("anthropic-version", "2023-06-01")]
    listed = ask(provider, path="/v1/models", method="GET", headers=headers).json
    assert [one["type"] for one in listed["data"]] == ["model", "model"]
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == ("small", "large", False)


@pytest.mark.parametrize(
    ("names", "choice"), [(["f"], {"type": "function", "function": {"name": "f"}}), (["f", "g"], "auto")]
)
def test_dashscope_is_asked_for_a_call_as_far_as_it_can(names: list[str], choice: object) -> None:
    tools = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in names]
    sent = ask(NATIVE, {**CHAT, "tools": tools, "tool_choice": "required"}).sent
    assert sent["parameters"]["tool_choice"] == choice


def test_claudes_clients_can_be_converted_for_a_gateway_without_the_second_upstream() -> None:
    body = {**MESSAGE, "model": "us.anthropic.claude-opus-4-7"}
    assert ask(BEDROCK, body, path="/v1/messages").sent_headers[":authority"].startswith("bedrock-mantle.")
    converted = ask({**BEDROCK, "bedrockMessagesApi": False}, body, path="/v1/messages").sent_headers
    assert converted[":authority"].startswith("bedrock-runtime.")
    assert converted[":path"].endswith("/converse")
