"""A converted chat has what its service accepts; the client gets its own terms back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, Json, answer, ask, events
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, OPENAI, VERTEX

LONG = "mcp__plugin_very_long_server_name_here__search_all_the_documents_in_the_drive"
MISTRAL: Json = {"type": "mistral", "apiTokens": ["k"]}
ZHIPU: Json = {"type": "zhipuai", "apiTokens": ["k"]}


def tool(name: str, **function: Any) -> Json:
    return {"type": "function", "function": {"name": name, **function}}


def sent(provider: Json, **body: Any) -> Json:
    return ask(provider, {**CHAT, **body}).sent


def bedrock_answer(name: str) -> Json:
    use = {"toolUse": {"toolUseId": "t", "name": name, "input": {}}}
    return {"output": {"message": {"role": "assistant", "content": [use]}}, "stopReason": "tool_use"}


def gemini_chunk(*parts: Json, **candidate: Any) -> bytes:
    content = {"role": "model", "parts": [*parts]}
    return b"data: " + json.dumps({"candidates": [{"index": 0, "content": content, **candidate}]}).encode() + b"\n\n"


def test_a_long_name_is_the_clients_own_again_in_the_answer() -> None:
    body = {**CHAT, "tools": [tool(LONG)]}
    short = ask(BEDROCK, body).sent["toolConfig"]["tools"][0]["toolSpec"]["name"]
    assert len(short) <= 64
    (call,) = ask(BEDROCK, body, answer(bedrock_answer(short))).json["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == LONG


def test_a_long_name_is_the_clients_own_again_in_a_stream() -> None:
    body = {**CHAT, "tools": [tool(LONG)], "stream": True}
    short = ask(GEMINI, body).sent["tools"][0]["function_declarations"][0]["name"]
    stream = events(gemini_chunk({"functionCall": {"name": short, "args": {}}}, finishReason="STOP"), b"")
    deltas = [choice["delta"] for data in ask(GEMINI, body, stream).data[:-1] for choice in json.loads(data)["choices"]]
    (call,) = [call for delta in deltas for call in delta.get("tool_calls", []) if call["function"].get("name")]
    assert call["function"]["name"] == LONG


def test_a_long_name_is_the_same_in_tools_choice_and_history() -> None:
    call = {"id": "c", "type": "function", "function": {"name": LONG, "arguments": "{}"}}
    messages = [*CHAT["messages"], {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "content": "x"}]  # fmt: skip
    body = sent(BEDROCK, tools=[tool(LONG)], tool_choice=tool(LONG), messages=messages)
    (spec,) = body["toolConfig"]["tools"]
    assert body["toolConfig"]["toolChoice"]["tool"]["name"] == spec["toolSpec"]["name"]
    assert body["messages"][1]["content"][0]["toolUse"]["name"] == spec["toolSpec"]["name"]


def test_clients_of_functions_get_functions() -> None:
    body = {**CHAT, "functions": [{"name": "f"}], "function_call": {"name": "f"}}
    assert ask(BEDROCK, body).sent["toolConfig"]["toolChoice"] == {"tool": {"name": "f"}}
    (choice,) = ask(BEDROCK, body, answer(bedrock_answer("f"))).json["choices"]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert "tool_calls" not in choice["message"]


def test_clients_of_functions_get_functions_in_streams() -> None:
    body = {**CHAT, "functions": [{"name": "f"}], "stream": True}
    stream = events(gemini_chunk({"functionCall": {"name": "f", "args": {"a": 1}}}, finishReason="STOP"), b"")
    choices = [choice for data in ask(GEMINI, body, stream).data[:-1] for choice in json.loads(data)["choices"]]
    assert [one["delta"]["function_call"]["name"] for one in choices if "function_call" in one["delta"]] == ["f"]
    assert choices[-1]["finish_reason"] == "function_call"


def test_results_of_functions_belong_to_their_calls() -> None:
    messages = [
        *CHAT["messages"],
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "r"},
    ]
    _, call, result = sent(CLAUDE, messages=messages)["messages"]
    assert call["content"][0]["id"] == result["content"][0]["tool_use_id"]


@pytest.mark.parametrize("provider", [MISTRAL, OPENAI])
def test_ids_of_another_service_are_accepted_where_nothing_is_converted(provider: Json) -> None:
    given = "toolu_" + "x" * 60
    call = {"id": given, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": given, "content": "x"}]
    one, other = sent(provider, messages=messages)["messages"]
    assert one["tool_calls"][0]["id"] == other["tool_call_id"]
    assert len(other["tool_call_id"]) <= 40


def test_failed_results_are_told() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "no such file", "is_error": True}
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    body = {"model": "amazon.nova", "max_tokens": 9, "messages": messages}
    converted = ask(BEDROCK, body, path="/v1/messages").sent["messages"][2]["content"][0]["toolResult"]
    assert converted["status"] == "error"
    assert ask(OPENAI, body, path="/v1/messages").sent["messages"][2]["content"] == "Error: no such file"
    (part,) = ask(GEMINI, body, path="/v1/messages").sent["contents"][2]["parts"]
    assert part["functionResponse"]["response"] == {"error": "no such file"}


def test_an_optional_is_nullable_on_vertex() -> None:
    optional = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "City"}
    schema = {"type": "object", "properties": {"city": optional, "n": {"type": ["integer", "null"]}}}
    (tools,) = sent(VERTEX, model="gemini-2.5-flash", tools=[tool("f", parameters=schema)])["tools"]
    properties = tools["functionDeclarations"][0]["parameters"]["properties"]
    assert properties == {
        "city": {"type": "string", "title": "City", "nullable": True},
        "n": {"type": "integer", "nullable": True},
    }


def test_finish_reasons_of_services_with_openais_protocol_are_openais() -> None:
    choice = {"index": 0, "finish_reason": "sensitive", "message": {"role": "assistant", "content": ""}}
    outcome = ask(ZHIPU, CHAT, answer({"id": "z", "object": "chat.completion", "choices": [choice]}))
    assert outcome.json["choices"][0]["finish_reason"] == "content_filter"
    chunk = {
        "id": "z",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {}, "finish_reason": "sensitive"}],
    }
    stream = events(b"data: " + json.dumps(chunk).encode() + b"\n\n", b"data: [DONE]\n\n")
    data = ask(ZHIPU, {**CHAT, "stream": True}, stream).data
    assert json.loads(data[0])["choices"][0]["finish_reason"] == "content_filter"


def test_mistrals_reasoning_is_reasoning_in_whole_answers_and_goes_back_as_mistral_has_it() -> None:
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "hmm"}]}, {"type": "text", "text": "ok"}]
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    message = ask(MISTRAL, CHAT, answer({"id": "m", "choices": [choice]})).json["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("ok", "hmm")
    again = sent(MISTRAL, model="magistral-medium-2509", messages=[*CHAT["messages"], message])
    assert again["messages"][-1]["content"] == content


@pytest.mark.parametrize("provider", [CLAUDE, BEDROCK, GEMINI])
def test_a_message_of_files_that_nobody_reads_is_not_empty(provider: Json) -> None:
    part = {"type": "something_new", "something_new": {}}
    body = sent(provider, messages=[{"role": "user", "content": [part]}])
    (message,) = body.get("messages") or body["contents"]
    assert "cannot read" in json.dumps(message)


def test_the_list_of_models_of_claude_is_openais_or_its_own() -> None:
    model = {"type": "model", "id": "claude-x", "display_name": "X", "created_at": "2025-09-29T00:00:00Z"}
    listed = answer({"data": [model], "has_more": False})
    outcome = ask(CLAUDE, None, listed, path="/v1/models", method="GET")
    assert outcome.json["data"] == [
        {"id": "claude-x", "object": "model", "created": 1759104000, "owned_by": "anthropic"}
    ]
    headers = [("anthropic-version", "2023-06-01")]
    assert ask(CLAUDE, None, listed, path="/v1/models", method="GET", headers=headers).json["data"] == [model]
