"""`context`: a text from a file server is inserted in front of every conversation."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ai_proxy.converting import SAMPLES
from tests.ai_proxy.gateway import NATIVE, Json, gateway_with

from proxywasm_host.testing import chat_request, chat_response, request, response

FILE: Json = {"fileUrl": "http://files.example.com/a/b.txt?version=2", "serviceName": "files.dns", "servicePort": 80}
OPENAI: Json = {"type": "openai", "apiTokens": ["k"], "context": FILE}
pytestmark = pytest.mark.usefixtures("both_ways")


def roles(stream: Any) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in stream.upstream.json()["messages"]]


def test_the_text_follows_the_system_messages_of_the_client() -> None:
    host = gateway_with(OPENAI)
    conversation = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    stream = host.request(chat_request(conversation))
    assert not stream.upstream
    call = host.next_call()
    assert (call.cluster, call.host, call.path) == ("outbound|80||files.dns", "files.example.com", "/a/b.txt?version=2")
    call.answer(body="Facts.")
    assert roles(stream) == [("system", "S"), ("system", "Facts."), ("user", "U")]


FACTS = response(200, body="Facts.")


def test_it_is_fetched_once() -> None:
    host = gateway_with(OPENAI)
    host.answer_calls(FACTS)
    for _ in range(3):
        assert roles(host.roundtrip(chat_request("U"), chat_response("x")))[0] == ("system", "Facts.")
    assert len(host.calls) == 1


def test_requests_that_come_meanwhile_wait_for_the_same_fetch() -> None:
    """Weakness 27."""
    host = gateway_with(OPENAI)
    streams = [host.request(chat_request(f"U{index}")) for index in range(3)]
    assert len(host.calls) == 1
    host.next_call().answer(FACTS)
    assert [roles(stream)[1] for stream in streams] == [("user", "U0"), ("user", "U1"), ("user", "U2")]


def test_when_the_first_client_disconnects_the_others_still_get_the_text() -> None:
    host = gateway_with(OPENAI)
    first, second = (host.request(chat_request("U")) for _ in range(2))
    first.finish()
    host.next_call().answer(FACTS)
    assert roles(second)[0] == ("system", "Facts.")


def test_a_client_that_waits_may_leave() -> None:
    host = gateway_with(OPENAI)
    first, second = (host.request(chat_request("U")) for _ in range(2))
    second.finish()
    host.next_call().answer(FACTS)
    assert roles(first)[0] == ("system", "Facts.")


def test_a_failed_fetch_fails_each_waiting_request_once_and_the_next_request_fetches_again() -> None:
    host = gateway_with(OPENAI)
    streams = [host.request(chat_request("U")) for _ in range(2)]
    host.next_call().answer(404)
    for stream in streams:
        assert stream.reply is not None
        assert (stream.reply.status, stream.reply.details) == (500, "ai-proxy.openai.load_ctx_failed")
        assert b"context_unavailable" in stream.reply.body
        assert not stream.upstream
    later = host.request(chat_request("U"))
    host.next_call().answer(FACTS)
    assert roles(later)[0] == ("system", "Facts.")


def test_no_answer_at_all_is_a_failure_too() -> None:
    host = gateway_with(OPENAI)
    stream = host.request(chat_request("U"))
    host.next_call().fail()
    assert stream.reply is not None
    assert stream.reply.status == 500


def test_the_text_is_renewed_in_the_background() -> None:
    host = gateway_with(OPENAI)
    host.request(chat_request("U"))
    host.next_call().answer(FACTS)
    host.advance(601)
    stream = host.request(chat_request("U"))
    assert roles(stream)[0] == ("system", "Facts."), "nobody waits for it"
    host.next_call().answer(500)
    host.advance(11)
    host.request(chat_request("U"))
    host.next_call().answer(body="News.")
    assert roles(host.request(chat_request("U")))[0] == ("system", "News.")


@pytest.mark.parametrize(
    ("provider", "where"),
    [
        pytest.param(NATIVE, ("input", "messages", 0, "content"), id="qwen"),
        *(pytest.param(one.config, one.instructions, id=name) for name, one in SAMPLES.items() if one.instructions),
    ],
)
def test_every_provider_gets_it_before_anything_is_converted(provider: Json, where: tuple[Any, ...]) -> None:
    host = gateway_with(provider, context=FILE)
    host.answer_calls(FACTS)
    value = host.request(chat_request("U")).upstream.json()
    for step in where:
        value = value[step]
    assert "Facts." in value


def test_only_chats_need_it() -> None:
    host = gateway_with(OPENAI)
    stream = host.request(request("POST", "/v1/embeddings", json={"model": "e", "input": "x"}))
    assert stream.upstream.json() == {"model": "e", "input": "x"}
    assert not host.calls
