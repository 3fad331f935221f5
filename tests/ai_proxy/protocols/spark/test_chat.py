"""Spark: requests and answers."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.converting import streamed
from tests.ai_proxy.gateway import CHAT, Json, answer, ask, events
from tests.ai_proxy.protocols.spark.sample import SPARK

from ai_proxy.wire.json import loads


def test_spark_keeps_tool_calls_and_finish_reasons() -> None:
    call = {"type": "function", "id": "c", "function": {"name": "look", "arguments": "{}"}}
    document = {"code": 0, "sid": "s", "choices": [{"message": {"content": "", "tool_calls": call}, "index": 0}]}
    (choice,) = ask(SPARK, CHAT, answer(document)).json["choices"]
    assert choice["message"]["tool_calls"] == [call]
    assert choice["finish_reason"] == "tool_calls"
    length = {"code": 0, "choices": [{"message": {"content": "x"}, "finish_reason": "length"}]}
    assert ask(SPARK, CHAT, answer(length)).json["choices"][0]["finish_reason"] == "length"


def test_spark_streams_of_tool_calls_finish_as_such() -> None:
    delta = {"tool_calls": {"id": "c", "function": {"name": "look", "arguments": "{}"}}}
    documents = [{"code": 0, "sid": "s", "choices": [{"index": 0, "delta": delta}]}]
    data = streamed("spark", b"data:[DONE]\n\n", documents=documents).data
    assert json.loads(data[-2])["choices"][0]["finish_reason"] == "tool_calls"


def test_a_number_out_of_range_in_an_answer_is_an_error() -> None:
    document = b'{"code": 0, "sid": "s", "choices": [{"index": 0, "message": {"content": ""}}], "usage": {"x": 1e999}}'
    assert ask(SPARK, CHAT, answer(document)).status == 502


def parse(text: str) -> Json:
    """Raises `ValueError` for infinite numbers, which are not JSON."""
    document: Json = loads(text)
    return document


@pytest.mark.usefixtures("both_ways")
def test_a_number_out_of_range_in_a_stream_ends_it_with_an_error() -> None:
    chunk = {"code": 0, "sid": "s", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
    good, bad = json.dumps(chunk), json.dumps(chunk).replace('"Hi"', '"Hi", "x": 1e999')
    stream = events(f"data: {good}\n\n".encode(), f"data: {bad}\n\n".encode(), b"data: [DONE]\n\n")
    data = ask(SPARK, {**CHAT, "stream": True}, stream).data
    assert all(parse(one) for one in data)
    assert parse(data[-1])["error"]["type"] == "server_error"
    first = ask(SPARK, {**CHAT, "stream": True}, events(f"data: {bad}\n\n".encode()))
    assert (first.status, first.error["code"]) == (502, "bad_upstream_response")


@pytest.mark.usefixtures("both_ways")
def test_sparks_own_protocol_refuses_apis_that_it_does_not_have() -> None:
    original, body = {**SPARK, "protocol": "original"}, b'{"model": "x",  "stream": true}'
    refused = ask(original, body, path="/v1/rerank")
    assert (refused.status, refused.error["code"]) == (404, "unsupported_api")
    assert ask(original, body, path="/own/rerank").sent_bytes == body
