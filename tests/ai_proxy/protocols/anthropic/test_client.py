"""Anthropic's clients, with every provider that does not have their API."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.gateway import Json, answer, ask, events
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, OPENAI, VERTEX

from proxywasm_host.recordings.bodies import parse_events

PATH = "/v1/messages"
HI: Json = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
MESSAGE: Json = {"role": "assistant", "content": "Hi"}
ANSWER: Json = {"id": "c", "model": "m", "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}]}


def sent(body: Json, provider: Json = OPENAI) -> Json:
    return ask(provider, {**HI, **body}, answer(ANSWER), path=PATH).sent


def user(*blocks: Json) -> list[Json]:
    return [{"role": "user", "content": list(blocks)}]


@pytest.mark.parametrize(
    ("choice", "expected", "parallel"),
    [
        ({"type": "auto"}, "auto", True),
        ({"type": "any", "disable_parallel_tool_use": True}, "required", False),
        ({"type": "tool", "name": "f"}, {"type": "function", "function": {"name": "f"}}, True),
        ({"type": "none"}, "none", True),
    ],
)
def test_tool_choice(choice: Json, expected: object, parallel: bool) -> None:
    body = sent({"tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": choice})
    assert (body["tool_choice"], body["parallel_tool_calls"]) == (expected, parallel)


def test_tools_of_anthropics_own_servers_are_not_sent() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert "tools" not in sent({"tools": [search]})
    tools = [search, {"name": "f", "input_schema": {"type": "object"}}]
    body = sent({"tools": tools, "tool_choice": {"type": "tool", "name": "web_search"}})
    assert [tool["function"]["name"] for tool in body["tools"]] == ["f"]
    assert "tool_choice" not in body


def test_a_call_that_only_anthropics_servers_can_answer_is_refused() -> None:
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    choice = {"type": "tool", "name": "web_search"}
    outcome = ask(OPENAI, {**HI, "tools": tools, "tool_choice": choice}, path=PATH)
    assert (outcome.status, outcome.json["error"]["type"]) == (400, "invalid_request_error")
    assert "web_search_20250305" in outcome.json["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        ("bash_20250124", "bash", "command"),
        ("text_editor_20250728", "str_replace_based_edit_tool", "insert_line"),
        ("memory_20250818", "memory", "new_path"),
    ],
)
def test_tools_that_the_client_runs_are_functions_with_their_schema(kind: str, name: str, field: str) -> None:
    body = sent({"tools": [{"type": kind, "name": name}], "tool_choice": {"type": "tool", "name": name}})
    [tool] = body["tools"]
    assert tool["function"]["name"] == body["tool_choice"]["function"]["name"] == name
    assert field in tool["function"]["parameters"]["properties"]
    assert tool["function"]["description"]


def test_what_only_anthropics_service_can_do_is_left_out() -> None:
    more = {
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "cache_control": {"type": "ephemeral"}, "service_tier": "auto", "speed": "fast", "inference_geo": "us",
        "mcp_servers": [{"type": "url", "url": "https://mcp.example", "name": "x"}], "container": "c_1",
    }  # fmt: skip
    assert sent(more) == sent({})


def test_images_in_tool_results_are_kept() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "a"}, image]}
    messages = sent({"messages": user(result, {"type": "text", "text": "b"}, image)})["messages"]
    assert messages[0] == {"role": "tool", "tool_call_id": "t", "content": "a"}
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}
    assert messages[1] == {"role": "user", "content": [url, {"type": "text", "text": "b"}, url]}


def test_documents_are_files() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}
    (part,) = sent({"messages": user({"type": "document", "title": "a.pdf", "source": source})})["messages"][0][
        "content"
    ]
    assert part["file"] == {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="}


@pytest.mark.parametrize("kind", ["image", "document"])
def test_a_file_that_the_service_may_not_have_is_not_left_out(kind: str) -> None:
    """The service refuses what it does not know; an answer without the file would mislead."""
    asked = user({"type": kind, "source": {"type": "file", "file_id": "file_1"}})
    assert sent({"messages": asked})["messages"][0]["content"] == [{"type": "file", "file": {"file_id": "file_1"}}]


def test_thinking_goes_only_to_services_that_accept_it() -> None:
    thinking_block = {"type": "thinking", "thinking": "a", "signature": "s"}
    messages = [*user({"type": "text", "text": "?"}), {"role": "assistant", "content": [thinking_block]}, *user()]
    assert "reasoning" not in json.dumps(sent({"messages": [*messages[:1], messages[1], *HI["messages"]]}))
    message_of_model = {"role": "assistant", "content": [thinking_block, {"type": "text", "text": "b"}]}
    message = sent({"messages": [*messages[:1], message_of_model, *HI["messages"]]}, GEMINI)["contents"][1]
    assert message == {"role": "model", "parts": [{"text": "b"}]}
    body = sent({"model": "anthropic.claude-3", "messages": [*messages[:2], *HI["messages"]]}, SIGNED)
    assert body["messages"][1]["content"] == [{"reasoningContent": {"reasoningText": {"text": "a", "signature": "s"}}}]


SIGNED: Json = {**BEDROCK, "apiTokens": None, "awsAccessKey": "k", "awsSecretKey": "s"}
THOUGHTS: list[Json] = [
    {"type": "thinking", "thinking": "a", "signature": "s1"},
    {"type": "redacted_thinking", "data": "ZW5j"},
    {"type": "thinking", "thinking": "b", "signature": "s2"},
]
THOUGHTS_OF_AWS: list[Json] = [
    {"reasoningContent": {"reasoningText": {"text": "a", "signature": "s1"}}},
    {"reasoningContent": {"redactedContent": "ZW5j"}},
    {"reasoningContent": {"reasoningText": {"text": "b", "signature": "s2"}}},
]


@pytest.mark.usefixtures("both_ways")
def test_each_thinking_block_keeps_its_signature() -> None:
    question = user({"type": "text", "text": "?"})
    conversation = [*question, {"role": "assistant", "content": THOUGHTS}, *question]
    body = {"model": "anthropic.claude-3", "max_tokens": 9, "messages": conversation}
    message_of_model = {
        "output": {"message": {"content": [*THOUGHTS_OF_AWS, {"text": "Hi"}]}},
        "stopReason": "end_turn",
    }
    outcome = ask(SIGNED, body, answer(message_of_model), path="/v1/messages")
    assert outcome.sent["messages"][1]["content"] == THOUGHTS_OF_AWS
    assert outcome.json["content"] == [*THOUGHTS, {"type": "text", "text": "Hi"}]


@pytest.mark.parametrize(("budget", "effort"), [(1024, "low"), (4096, "medium"), (16384, "high")])
def test_a_budget_is_an_effort(budget: int, effort: str) -> None:
    assert sent({"thinking": {"type": "enabled", "budget_tokens": budget}})["reasoning_effort"] == effort


def test_structured_output() -> None:
    wanted = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    assert sent({"output_config": wanted})["response_format"]["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"model":"m"}', b'{"model":"m","messages":[1]}'])
def test_mistakes_of_the_client_have_anthropics_error_format(body: bytes) -> None:
    outcome = ask(OPENAI, body, path=PATH)
    assert outcome.status == 400
    assert outcome.json["type"] == "error"
    assert outcome.json["error"]["type"] == "invalid_request_error"


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("path", "protocol"),
    [
        ("/v1/messages/count_tokens", "original"),
        ("/ai/v1/messages/count_tokens?beta=true", "original"),
        ("/v1/complete", "original"),
        ("/v1/complete", "openai"),
    ],
)
def test_a_missing_api_of_anthropics_is_an_error_in_anthropics_format(path: str, protocol: str) -> None:
    outcome = ask({"type": "deepseek", "apiTokens": ["sk-1"], "protocol": protocol}, HI, path=path)
    assert outcome.status == 404
    assert outcome.json["type"] == "error"
    assert outcome.json["error"]["type"] == "not_found_error"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "authentication_error"), (404, "not_found_error"), (429, "rate_limit_error"), (500, "api_error"),
     (529, "overloaded_error")],
)  # fmt: skip
@pytest.mark.parametrize("body", [b'{"error":{"message":"no","type":"x"}}', b"<html>no</html>", b"no"])
def test_errors_have_anthropics_format(status: int, kind: str, body: bytes) -> None:
    outcome = ask(OPENAI, HI, answer(body, status, retry_after="7"), path=PATH)
    assert outcome.status == status
    assert outcome.json["error"]["type"] == kind
    assert "no" in outcome.json["error"]["message"]
    assert outcome.headers["retry-after"] == "7"


@pytest.mark.parametrize("body", [b"oops", b"[]", b'{"choices":1}', b'{"choices":[1]}', b'{"error":{"message":"x"}}'])
def test_an_answer_that_makes_no_sense_is_502(body: bytes) -> None:
    outcome = ask(OPENAI, HI, answer(body), path=PATH)
    assert (outcome.status, outcome.json["error"]["type"]) == (502, "api_error")


def test_cached_tokens_are_added_to_the_others() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    document = ask(OPENAI, HI, answer({**ANSWER, "usage": usage}), path=PATH).json
    assert document["usage"] == {"input_tokens": 6, "output_tokens": 2, "cache_read_input_tokens": 4}


def test_tokens_that_are_told_as_floats_count() -> None:
    document = ask(
        OPENAI, HI, answer({**ANSWER, "usage": {"prompt_tokens": 10.0, "completion_tokens": 2.0}}), path=PATH
    ).json
    assert document["usage"] == {"input_tokens": 10, "output_tokens": 2}


def test_an_id_that_is_not_a_string_is_ignored() -> None:
    document = ask(OPENAI, HI, answer({**ANSWER, "id": [{"text": "chat"}]}), path=PATH).json
    assert document["id"].startswith("msg_")


def test_a_stream_that_is_cut_does_not_end_well() -> None:
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
    outcome = ask(OPENAI, {**HI, "stream": True}, events(chunk), path=PATH)
    kinds = [event for _, event in parse_events(outcome.raw)]
    assert kinds == ["message_start", "content_block_start", "content_block_delta", "error"]


def test_an_error_before_the_first_event_has_its_status() -> None:
    chunk = b'data: {"error":{"message":"slow down","code":429}}\n\n'
    outcome = ask(OPENAI, {**HI, "stream": True}, events(chunk), path=PATH)
    assert (outcome.status, outcome.json["error"]["type"]) == (429, "rate_limit_error")


def test_usage_and_done_may_be_missing() -> None:
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
    outcome = ask(OPENAI, {**HI, "stream": True}, events(chunk), path=PATH)
    assert [event for _, event in parse_events(outcome.raw)][-2:] == ["message_delta", "message_stop"]


@pytest.mark.parametrize(
    ("provider", "model", "path"),
    [
        (CLAUDE, "claude-3", "/v1/messages?beta=true"),
        (VERTEX, "claude-3", "/v1/publishers/anthropic/models/claude-3:rawPredict?key=AIza-1"),
        (BEDROCK, "anthropic.claude-3", "/anthropic/v1/messages?beta=true"),
    ],
)
def test_who_has_the_api_gets_the_request_as_it_is(provider: Json, model: str, path: str) -> None:
    body = {**HI, "model": model, "top_k": 3, "anything": [1]}
    outcome = ask(provider, body, answer({"type": "message"}), path=f"{PATH}?beta=true")
    assert outcome.sent_headers[":path"] == path
    assert {**body, **outcome.sent, "model": model, "anthropic_version": None} == {**body, "anthropic_version": None}
    assert outcome.json == {"type": "message"}


def test_the_whole_request_is_converted_for_every_provider() -> None:
    body = {"system": "be kind", "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {}}}}]}
    result = sent({**body, "model": "gemini-2.5-pro", "top_k": 5}, GEMINI)
    assert result["system_instruction"] == {"parts": [{"text": "be kind"}]}
    assert result["tools"][0]["function_declarations"][0]["name"] == "f"
    assert result["generationConfig"]["topK"] == 5


def test_a_clients_own_query_does_not_go_to_others() -> None:
    outcome = ask(OPENAI, HI, answer(ANSWER), path=f"{PATH}?beta=true&trace=1")
    assert outcome.sent_headers[":path"] == "/v1/chat/completions?trace=1"


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("finish", [{}, {"finish_reason": None}, {"finish_reason": ""}], ids=["none", "null", "empty"])
def test_a_whole_answer_has_a_stop_reason_whether_the_service_gives_one_or_not(finish: Json) -> None:
    def stop_reason(*choices: Json) -> object:
        return ask(OPENAI, HI, answer({**ANSWER, "choices": list(choices)}), path=PATH).json["stop_reason"]

    calls = [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    assert stop_reason({"index": 0, "message": MESSAGE, **finish}) == "end_turn"
    assert stop_reason({"index": 0, "message": {**MESSAGE, "tool_calls": calls}, **finish}) == "tool_use"
    assert stop_reason() == "end_turn"


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_refusal_is_text(stream: bool) -> None:
    message_of_model = {"role": "assistant", "content": None, "refusal": "No."}
    document = json.dumps(
        {"choices": [{"index": 0, "message": message_of_model, "delta": message_of_model, "finish_reason": "stop"}]}
    ).encode()
    if stream:
        outcome = ask(OPENAI, {**HI, "stream": True}, events(b"data: " + document + b"\n\ndata: [DONE]\n\n"), path=PATH)
        sent_events = [json.loads(data) for data, event in parse_events(outcome.raw) if event == "content_block_delta"]
        assert [one["delta"] for one in sent_events] == [{"type": "text_delta", "text": "No."}]
    else:
        assert ask(OPENAI, HI, answer(document), path=PATH).json["content"] == [{"type": "text", "text": "No."}]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_filtered_answer_is_a_refusal(stream: bool) -> None:
    choice = {"index": 0, "message": MESSAGE, "delta": MESSAGE, "finish_reason": "content_filter"}
    document = json.dumps({"id": "c", "choices": [choice]}).encode()
    if stream:
        outcome = ask(OPENAI, {**HI, "stream": True}, events(b"data: " + document + b"\n\ndata: [DONE]\n\n"), path=PATH)
        sent_events = [json.loads(data) for data, event in parse_events(outcome.raw) if event == "message_delta"]
        assert [one["delta"]["stop_reason"] for one in sent_events] == ["refusal"]
    else:
        assert ask(OPENAI, HI, answer(document), path=PATH).json["stop_reason"] == "refusal"
