"""Requests that wait for the same fetch continue one by one: an exception fails one request only."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.ai_proxy.protocols.google.test_google import recorded_vertex

from ai_proxy import make
from ai_proxy.fetching.context_file import ContextText
from ai_proxy.fetching.google_oauth import AccessToken
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.providers import ROWS
from proxywasm_host.testing import TestHost, TestStream, chat_request, response

VERTEX = recorded_vertex()
CONTEXT = {"fileUrl": "http://files.example.com/b.txt", "serviceName": "files.dns", "servicePort": 80}
PROVIDERS = {
    "context": {"type": "openai", "apiTokens": ["k"], "context": CONTEXT},
    "token": VERTEX,
}
FETCHED = {
    "context": response(200, body="Facts."),
    "token": response(200, body=json.dumps({"access_token": "t-1", "expires_in": 3600})),
}
ASKED = 3
fetched = pytest.mark.parametrize("what", PROVIDERS)


class Breaking:
    """A service protocol or an edit that raises an unexpected exception if the request says so."""

    def __init__(self, service: Any = None) -> None:
        self._codec = service

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def request(self, exchange: Exchange, body: dict[str, Any]) -> Any:
        self(exchange, body)
        return self._codec.request(exchange, body)

    def __call__(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        if "raise" in json.dumps(body):
            raise LookupError("a bug")
        return False


def gateway(what: str) -> TestHost:
    rows = []
    for row in ROWS:
        service = row.dialect.protocols.get("openai/v1/chatcompletions")
        if service is None:
            dialect = replace(row.dialect, edits={"openai/v1/chatcompletions": Breaking()})
        else:
            protocols = {**row.dialect.protocols, "openai/v1/chatcompletions": Breaking(service)}
            dialect = replace(row.dialect, protocols=protocols)
        rows.append(replace(row, dialect=dialect))
    return TestHost(make(rows), {"provider": PROVIDERS[what]}, tolerate_failures=True)


def went_on(stream: TestStream) -> bool:
    return stream.reply is None and bool(stream.upstream.body)


@fetched
@pytest.mark.parametrize("place", range(ASKED))
def test_one_that_raises_fails_alone(what: str, place: int) -> None:
    host = gateway(what)
    streams = [host.request(chat_request("raise" if number == place else "U")) for number in range(ASKED)]
    host.next_call().answer(FETCHED[what])
    assert [went_on(stream) for stream in streams] == [number != place for number in range(ASKED)]
    assert streams[place].downstream.status == 500
    assert [failure.count("LookupError: a bug") for failure in host.failures] == [1]


@fetched
def test_to_look_at_the_answer_fails_the_one_that_fetched_and_the_next_fetches_again(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = gateway(what)
    streams = [host.request(chat_request("U")) for _ in range(ASKED)]

    def broken(*_: object) -> None:
        raise LookupError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(ContextText, "_take", broken)
        patched.setattr(AccessToken, "_take", broken)
        host.next_call().answer(FETCHED[what])
    assert streams[0].downstream.status == 500
    host.next_call().answer(FETCHED[what])
    assert [went_on(stream) for stream in streams] == [False, True, True]
    assert len(host.failures) == 1


def test_to_hand_the_fetch_over_may_fail_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client that fetches leaves, and the next two cannot fetch."""
    host = gateway("context")
    streams = [host.request(chat_request("U")) for _ in range(4)]
    calls, call_out = [], ContextText._call

    def broken_twice(text: ContextText, answered: Any) -> None:
        calls.append(text)
        if len(calls) < 3:
            raise LookupError("a bug")
        call_out(text, answered)

    monkeypatch.setattr(ContextText, "_call", broken_twice)
    streams[0].finish()
    assert [stream.downstream.status for stream in streams[1:3]] == [500, 500]
    host.next_call().answer(FETCHED["context"])
    assert went_on(streams[3])


def test_call_outs_of_a_request_that_waited_are_its_own() -> None:
    """The token, then the context file: the client that fetched the token for both leaves meanwhile."""
    host = TestHost(make(), {"provider": {**VERTEX, "context": CONTEXT}})
    first, second = (host.request(chat_request("U")) for _ in range(2))
    host.next_call().answer(FETCHED["token"])
    first.finish()
    host.next_call().answer(FETCHED["context"])
    assert went_on(second)
