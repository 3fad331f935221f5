"""Builders make the messages of real traffic."""

from __future__ import annotations

import json

import pytest

from proxywasm.testing import (
    callout,
    chat_request,
    chat_response,
    chat_stream,
    exchange,
    request,
    response,
    sse_response,
    with_chunks,
)
from proxywasm_host.recordings.exchange import to_json


def test_a_request_has_its_pseudo_headers_first() -> None:
    assert request("POST", "/a", {"X-A": "1"}, host="a.example").headers == [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "a.example"),
        (":path", "/a"),
        ("x-a", "1"),
    ]


def test_a_body_in_one_piece_has_a_length_and_one_in_chunks_has_none() -> None:
    assert ("content-length", "6") in response(body="中文").headers
    assert response(body=["a", b"b"]).headers == [(":status", "200")]
    assert response(body=["a", b"b"]).body == (b"a", b"b")


def test_json_says_so_in_the_content_type_unless_the_test_says_otherwise() -> None:
    assert ("content-type", "application/json") in response(json={}).headers
    assert ("content-type", "application/json") not in response(json={}, headers={"content-type": "text/x"}).headers
    with pytest.raises(TypeError, match="either body or json"):
        response(body="", json={})


def test_events_are_a_chunk_each() -> None:
    message = sse_response(["a", {"b": 1}, ("ping", "c"), b": comment\n\n"])
    assert message.headers == [(":status", "200"), ("content-type", "text/event-stream")]
    assert message.body == (b"data: a\n\n", b'data: {"b":1}\n\n', b"event: ping\ndata: c\n\n", b": comment\n\n")


def test_a_chat_is_a_sentence_or_a_conversation() -> None:
    messages = [{"role": "system", "content": "be brief"}]
    assert json.loads(chat_request("hi").body[0])["messages"] == [{"role": "user", "content": "hi"}]
    assert json.loads(chat_request(messages, stream=True, temperature=0.5).body[0]) == {
        "model": "gpt-4o",
        "messages": messages,
        "stream": True,
        "temperature": 0.5,
    }


def test_answers_of_a_chat_have_text_and_usage() -> None:
    answer = json.loads(chat_response("hello", usage=(1, 2)).body[0])
    assert answer["choices"][0]["message"]["content"] == "hello"
    assert answer["usage"] == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    events = [chunk.removeprefix(b"data: ").strip() for chunk in chat_stream(["he", "llo"], usage=(1, 2)).body]
    assert events.pop() == b"[DONE]"
    assert [json.loads(event)["choices"][:1] for event in events][-1] == []
    deltas = [choice["delta"] for event in events for choice in json.loads(event)["choices"]]
    assert "".join(delta.get("content", "") for delta in deltas) == "hello"


def test_an_exchange_is_an_entry_of_a_file() -> None:
    made = exchange("one", request(), response(body="a"), config={"k": 1}, callouts=[callout(response(204), path="/x")])
    entry = to_json(made)
    assert (entry["name"], entry["config"], entry["response"]["body"]) == ("one", {"k": 1}, ["a"])
    assert entry["callouts"][0]["match"] == {"path": "/x"}


def test_the_same_message_can_be_cut_in_another_way() -> None:
    message = response(body="abc")
    assert with_chunks(message, [b"a", b"bc"]).body == (b"a", b"bc")
    assert with_chunks(message, [b"a", b"bc"]).headers == message.headers
