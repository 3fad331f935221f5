"""Dify: requests and answers."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.converting import TALK, streamed
from tests.ai_proxy.gateway import CHAT, Json, answer, ask, events, warnings
from tests.ai_proxy.protocols.dify.sample import DIFY, SAMPLES, WORKFLOW

CHUNKS = SAMPLES["dify"].chunks
IMAGE: Json = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def test_dify_gets_the_role_of_each_message() -> None:
    assert ask(DIFY, TALK).sent["query"] == (
        'SYSTEM: \nBe brief.\nUSER: \nWhat\nis this?\nASSISTANT: \nlook({"at":"it"})\nTOOL: \na cat\n'
    )


def test_dify_conversations_continue_with_a_header() -> None:
    document = {"answer": "Hi", "conversation_id": "c-2"}
    outcome = ask(DIFY, CHAT, answer(document), headers=[("conversationid", "c-1")])
    assert outcome.sent["conversation_id"] == "c-1"
    assert outcome.headers["conversationid"] == "c-2"
    assert streamed("dify").headers["conversationid"] == "c"


def test_a_workflow_that_streams_its_text_sends_it_once() -> None:
    documents = [
        {"event": "workflow_started", "data": {"workflow_id": "w"}},
        {"event": "text_chunk", "data": {"text": "Hi"}},
        {"event": "text_chunk", "data": {"text": " there"}},
        {"event": "workflow_finished", "data": {"outputs": {"out": "Hi there"}}},
    ]
    data = streamed("workflow", documents=documents).data
    texts = [json.loads(item)["choices"][0]["delta"].get("content") or "" for item in data[:-1]]
    assert "".join(texts) == "Hi there"


@pytest.mark.parametrize("total", [9, 0])
def test_a_workflow_answers_by_its_variables(total: int) -> None:
    data = {"workflow_id": "w", "status": "succeeded", "outputs": {"out": {"a": 1}}, "total_tokens": total}
    document = {"data": data}
    outcome = ask(WORKFLOW, CHAT, answer(document))
    assert outcome.sent["inputs"] == {"in": "USER: \nHi\n"}
    assert outcome.json["choices"][0]["message"]["content"] == '{"a":1}'
    assert outcome.json["usage"]["total_tokens"] == total


def test_dify_names_the_conversation_before_it_says_anything() -> None:
    documents = [{"event": "agent_thought", "conversation_id": "c"}, *CHUNKS]
    outcome = streamed("dify", documents=documents)
    assert outcome.headers["conversationid"] == "c"


def test_a_text_that_replaces_difys_answer_is_sent() -> None:
    replaced = {"event": "message_replace", "conversation_id": "c", "answer": " -- I cannot say that."}
    data = streamed("dify", documents=[*CHUNKS[:-1], replaced, CHUNKS[-1]]).data[:-1]
    said = [json.loads(one)["choices"] for one in data]
    said = [choice["delta"].get("content") for choices in said for choice in choices]
    assert " -- I cannot say that." in said


def test_dify_fetches_images_that_have_an_address() -> None:
    named = {"type": "image_url", "image_url": {"url": "https://img.example.com/a.png"}}
    body = {**CHAT, "messages": [{"role": "user", "content": [{"type": "text", "text": "look"}, named, IMAGE]}]}
    outcome = ask(DIFY, body)
    assert outcome.sent["files"] == [
        {"type": "image", "transfer_method": "remote_url", "url": "https://img.example.com/a.png"}
    ]
    assert outcome.sent["query"] == "USER: \nlook\n"
    assert "image_url dropped: Dify" in outcome.logs


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("identity", ["a\r\nset-cookie: x=1", "a\0b", "\ud800", "é", "x" * 5000, "", 7, None])
def test_a_conversation_whose_id_is_no_header_goes_without(identity: object) -> None:
    whole = {"answer": "Hi", "conversation_id": identity, "message_id": "m"}
    outcome = ask(DIFY, CHAT, answer(whole))
    assert (outcome.status, "conversationid" in outcome.headers) == (200, False)
    piece = {"event": "message", "answer": "Hi", "conversation_id": identity}
    end = {"event": "message_end", "conversation_id": identity}
    stream = events(*(f"data: {json.dumps(one)}\n\n".encode() for one in (piece, end)))
    outcome = ask(DIFY, {**CHAT, "stream": True}, stream)
    assert "conversationid" not in outcome.headers
    assert outcome.data[-1] == "[DONE]"


def test_variables_of_an_app_without_any_are_told_to_have_no_effect() -> None:
    (logged,) = warnings({"provider": {**DIFY, "inputVariable": "q"}})
    assert logged.startswith("provider.inputVariable: has no effect: only workflows have variables")


def test_an_app_of_dify_without_a_type_is_a_chat() -> None:
    for more in ({}, {"botType": "Agents"}):
        document = {"type": "dify", "apiTokens": ["k"], **more}
        assert ask(document, CHAT).sent_headers[":path"] == "/v1/chat-messages"
        assert any(line.startswith("provider.botType: ") for line in warnings({"provider": document}))
