"""Dify: what goes there, and what comes back."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.converting import DIFY, TALK, WORKFLOW, chunks, streamed
from tests.ai_proxy.gateway import CHAT, answer, ask, refusal


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


def test_dify_requires_a_bot_type() -> None:
    assert "botType" in refusal({"provider": {"type": "dify", "apiTokens": ["a"]}})
    assert "botType" in refusal({"provider": {**DIFY, "botType": "Robot"}})


def test_dify_sends_the_conversation_id_before_any_text() -> None:
    documents = [{"event": "agent_thought", "conversation_id": "c"}, *chunks("dify")]
    outcome = streamed("dify", documents=documents)
    assert outcome.headers["conversationid"] == "c"


def test_a_text_that_replaces_difys_answer_is_sent() -> None:
    replaced = {"event": "message_replace", "conversation_id": "c", "answer": " -- I cannot say that."}
    data = streamed("dify", documents=[*chunks("dify")[:-1], replaced, chunks("dify")[-1]]).data[:-1]
    said = [json.loads(one)["choices"][0]["delta"].get("content") for one in data]
    assert " -- I cannot say that." in said
