"""Ids and names of a service that are not strings are ignored, in whole answers and in streams."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.converting import sse
from tests.ai_proxy.gateway import CHAT, NATIVE, STREAM, Json, answer, ask, events
from tests.ai_proxy.natives import CLAUDE, OPENAI, VERTEX

ODD: list[Any] = [5, True, ["x"], {"a": 1}]
both_ways = pytest.mark.usefixtures("both_ways")


def claude(odd: Any) -> tuple[Json, list[Json]]:
    call = {"type": "tool_use", "id": odd, "name": odd, "input": {"at": "it"}}
    return {"id": odd, "content": [call], "stop_reason": "tool_use"}, [
        {"type": "message_start", "message": {"id": odd}},
        {"type": "content_block_start", "index": 0, "content_block": call},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    ]


def vertex(odd: Any) -> tuple[Json, list[Json]]:
    parts = [{"functionCall": {"id": odd, "name": odd, "args": {"at": "it"}}}]
    document = {"responseId": odd, "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    return document, [document]


def qwen(odd: Any) -> tuple[Json, list[Json]]:
    call = {"id": odd, "type": "function", "function": {"name": odd, "arguments": "{}"}}
    message = {"role": "assistant", "content": "", "tool_calls": [call]}
    document = {"request_id": odd, "output": {"choices": [{"finish_reason": "tool_calls", "message": message}]}}
    return document, [document]


SERVICES = {"claude": (CLAUDE, claude), "vertex": (VERTEX, vertex), "qwen": (NATIVE, qwen)}


def check(answer_id: Any, call: Json) -> None:
    assert answer_id.startswith("chatcmpl-")
    assert call["id"].startswith("call_")
    assert call["function"]["name"] == ""


@both_ways
@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_whole_answers(name: str, odd: Any) -> None:
    config, documents = SERVICES[name]
    document = ask(config, CHAT, answer(documents(odd)[0])).json
    (call,) = document["choices"][0]["message"]["tool_calls"]
    check(document["id"], call)


@both_ways
@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_streams(name: str, odd: Any) -> None:
    config, documents = SERVICES[name]
    chunks = [json.loads(one) for one in ask(config, STREAM, events(*map(sse, documents(odd)[1]), b"")).data[:-1]]
    assert len({chunk["id"] for chunk in chunks}) == 1
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    (call, *_) = [call for delta in deltas for call in delta.get("tool_calls", [])]
    check(chunks[0]["id"], call)


@both_ways
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_clients_of_anthropic(odd: Any) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": CHAT["messages"]}
    call = {"id": odd, "type": "function", "function": {"name": odd, "arguments": "{}"}}
    head, end = {"id": odd, "model": odd}, {"finish_reason": "tool_calls", "index": 0}
    whole = {**head, "choices": [{**end, "message": {"tool_calls": [call]}}]}
    message = ask(OPENAI, body, answer(whole), path="/v1/messages").json
    assert message["id"].startswith("msg_")
    assert message["model"] == "m"
    assert message["content"][0]["id"].startswith("toolu_")
    assert message["content"][0]["name"] == ""
    chunks = [
        {**head, "choices": [{"index": 0, "delta": {"content": "Hi"}}]},
        {**head, "choices": [{**end, "delta": {}}]},
    ]
    stream = events(*map(sse, chunks), b"data: [DONE]\n\n")
    first = json.loads(ask(OPENAI, {**body, "stream": True}, stream, path="/v1/messages").data[0])["message"]
    assert first["id"].startswith("msg_")
    assert first["model"] == "m"
