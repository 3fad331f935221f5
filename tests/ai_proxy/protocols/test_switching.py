"""A conversation goes on at another service: what earlier services said in it does not make the next one refuse it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, STREAM, Json, ask
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame, header

from proxywasm_host.recordings.exchange import Message

KIMIS = "functions.get_weather:0"
"""Kimi numbers the calls of each answer from 0."""


def call(call_id: str, name: str = "get_weather") -> Json:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}


def result(call_id: str, text: str) -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def calling(*calls: Json, **fields: Any) -> Json:
    return {"role": "assistant", "content": None, "tool_calls": [*calls], **fields}


def conversation(*turns: Json) -> Json:
    return {**CHAT, "messages": [{"role": "user", "content": "Hi"}, *turns, {"role": "user", "content": "And?"}]}


def ids_of(document: Any, name: str) -> list[Any]:
    found = [document[name]] if isinstance(document, dict) and name in document else []
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        found += ids_of(inner, name)
    return found


def test_calls_of_several_answers_with_one_id_get_ids_of_their_own() -> None:
    turns = [calling(call(KIMIS)), result(KIMIS, "sun"), calling(call(KIMIS)), result(KIMIS, "rain")]
    sent = ask(CLAUDE, conversation(*turns)).sent
    used = ids_of(ids_of(sent, "content"), "id")
    assert len(set(used)) == 2
    assert ids_of(sent, "tool_use_id") == used
    assert used[0] == "esc-functions-2Eget_weather-3A0"
    later = ask(CLAUDE, conversation(*turns, calling(call(KIMIS)), result(KIMIS, "snow"))).sent
    assert ids_of(ids_of(later, "content"), "id")[:2] == used, "they stay the same"


def test_calls_of_one_answer_with_one_id_have_their_own_results_in_order() -> None:
    turn = [calling(call("c", "first"), call("c", "second")), result("c", "one"), result("c", "two")]
    first, second = ids_of(ask(BEDROCK, conversation(*turn)).sent, "toolResult")
    assert first["toolUseId"] != second["toolUseId"]
    assert [first["content"], second["content"]] == [[{"text": "one"}], [{"text": "two"}]]
    results = ids_of(ask(GEMINI, conversation(*turn)).sent, "functionResponse")
    assert [one["name"] for one in results] == ["first", "second"]


def test_a_call_that_an_answer_has_twice_goes_out_once() -> None:
    use = {"type": "tool_use", "id": "c", "name": "get_weather", "input": {}}
    sent = ask(CLAUDE, conversation({**calling(call("c")), "content": [use]}, result("c", "sun"))).sent
    assert sent["messages"][1]["content"] == [use]


@pytest.mark.parametrize(("service", "kept"), [("groq", {}), ("mistral", {}), ("cerebras", {"reasoning": "hm"})])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_services_that_refuse_the_reasoning_of_others_do_not_get_it(service: str, kept: Json, path: str) -> None:
    provider = {"type": service, "apiTokens": ["k"]}
    fields = {"reasoning_content": "hm", "reasoning_signature": "s", "reasoning_details": [{"text": "hm"}]}
    if path == "/v1/messages":
        blocks = [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Hello"}]
        body = conversation({"role": "assistant", "content": blocks}) | {"max_tokens": 9}
        kept = {}
    else:
        body = conversation({"role": "assistant", "content": "Hello", **fields})
    answer = ask(provider, body, path=path).sent["messages"][1]
    assert {name: value for name, value in answer.items() if name not in {"role", "content"}} == kept


@pytest.mark.parametrize(("model", "thinks"), [("magistral-medium-2509", True), ("mistral-small-2501", False)])
def test_only_models_of_mistral_that_think_get_reasoning_back(model: str, thinks: bool) -> None:
    answer = {"role": "assistant", "content": "Hello", "reasoning_content": "hm"}
    sent = ask({"type": "mistral", "apiTokens": ["k"]}, conversation(answer) | {"model": model}).sent["messages"][1]
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Hello"}]
    assert sent == {"role": "assistant", "content": parts if thinks else "Hello"}


def test_other_services_get_what_their_clients_send_back() -> None:
    answer = {"role": "assistant", "content": "Hello", "reasoning_content": "hm"}
    assert ask({"type": "deepseek", "apiTokens": ["k"]}, conversation(answer)).sent["messages"][1] == answer


def aws(*documents: tuple[str, Json]) -> Message:
    return Message(
        [(":status", "200"), ("content-type", "application/vnd.amazon.eventstream")],
        tuple(
            frame(json.dumps(document).encode(), header(":message-type", "event") + header(":event-type", name))
            for name, document in documents
        ),
    )


ENCRYPTED = aws(
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"redactedContent": "ZW5j"}}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "Hello"}}),
    ("contentBlockStop", {"contentBlockIndex": 1}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}),
)


def test_encrypted_thinking_in_a_stream_of_aws_reaches_the_client() -> None:
    chat = ask(BEDROCK, STREAM, ENCRYPTED).data
    assert any(
        chunk["choices"] and chunk["choices"][0]["delta"].get("reasoning_redacted_content") == "ZW5j"
        for chunk in (json.loads(one) for one in chat if one != "[DONE]")
    )
    messages = ask(BEDROCK, {**STREAM, "max_tokens": 9}, ENCRYPTED, path="/v1/messages").data
    starts = [event for one in messages if (event := json.loads(one))["type"] == "content_block_start"]
    assert [start["content_block"] for start in starts] == [
        {"type": "redacted_thinking", "data": "ZW5j"},
        {"type": "text", "text": ""},
    ]
    response = ask(BEDROCK, {"model": "m", "stream": True, "input": "Hi"}, ENCRYPTED, path="/v1/responses").data
    assert "ZW5j" in response[-1]
