"""Rules for all services with their own protocol that only have chats."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.converting import ALL, SAMPLES, STREAMING, streamed
from tests.ai_proxy.gateway import CHAT, answer, ask

# What every one of them keeps to.


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_has_role_text_finish_and_done(name: str) -> None:
    data = streamed(name).data
    assert data.pop() == "[DONE]"
    documents = [json.loads(item) for item in data]
    assert {document["object"] for document in documents} == {"chat.completion.chunk"}
    assert len({document["id"] for document in documents}) == 1
    choices = [document["choices"][0] for document in documents if document["choices"]]
    assert choices[0]["delta"]["role"] == "assistant"
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == "Hi there"
    reasons = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    assert reasons == ["length" if name == "cohere" else "stop"]


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_that_is_cut_ends_with_an_error_and_without_done(name: str) -> None:
    outcome = streamed(name, b'data: {"ev', documents=[*SAMPLES[name].chunks[:1]])
    assert json.loads(outcome.raw.split(b"data: ")[-1])["error"]["code"] == "stream_cut"


@pytest.mark.parametrize("name", ALL)
def test_an_error_in_an_answer_of_status_200_has_the_status_that_it_means(name: str) -> None:
    document, status, message = SAMPLES[name].error
    outcome = ask(ALL[name], {**CHAT, "model": "m"}, answer(document))
    assert (outcome.status, outcome.error["message"]) == (status, message)


@pytest.mark.parametrize("name", STREAMING)
def test_an_error_in_a_stream_is_sent_and_ends_it(name: str) -> None:
    document, status, message = SAMPLES[name].error
    at_once = streamed(name, documents=[document])
    assert (at_once.status, at_once.error["message"]) == (status, message)
    if name == "workflow":
        return  # It says nothing before it is done.
    later = streamed(name, documents=[*SAMPLES[name].chunks[: 3 if name == "cohere" else 1], document])
    assert json.loads(later.data[-1])["error"]["message"] == message


@pytest.mark.parametrize("name", ALL)
def test_an_answer_that_makes_no_sense_is_502(name: str) -> None:
    outcome = ask(ALL[name], {**CHAT, "model": "m"}, answer({"unexpected": True}))
    assert (outcome.status, outcome.error["code"]) == (502, "bad_upstream_response")
