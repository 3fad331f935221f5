"""Rules for all services with their own protocol that only have chats."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.converting import ALL, SAMPLES, STREAMING, streamed
from tests.ai_proxy.gateway import CHAT, answer, ask

from ai_proxy.providers import ROWS
from ai_proxy.providers.row import Original

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
    assert reasons == [SAMPLES[name].finish_reason]


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
    later = streamed(name, documents=[*SAMPLES[name].chunks[: SAMPLES[name].head], document])
    assert json.loads(later.data[-1])["error"]["message"] == message


@pytest.mark.parametrize("name", ALL)
def test_an_answer_that_makes_no_sense_is_502(name: str) -> None:
    outcome = ask(ALL[name], {**CHAT, "model": "m"}, answer({"unexpected": True}))
    assert (outcome.status, outcome.error["code"]) == (502, "bad_upstream_response")


ORIGINAL = {row.name: row.addressing.original for row in ROWS if row.dialect.protocols}
KEEPS_PATH = [name for name, sample in SAMPLES.items() if ORIGINAL[sample.config["type"]] is Original.KEPT]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", KEEPS_PATH)
def test_original_protocol_leaves_paths_of_openai_to_services_that_have_others(name: str) -> None:
    for path in ("/v1/chat/completions", "/v1/rerank"):
        outcome = ask({**ALL[name], "protocol": "original"}, b'{"model": "x",  "stream": true}', path=f"{path}?x=1")
        assert outcome.sent_headers[":path"].startswith(f"{path}?")
        assert outcome.sent_bytes == b'{"model": "x",  "stream": true}'
