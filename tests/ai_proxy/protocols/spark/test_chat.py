"""Spark: requests and answers."""

from __future__ import annotations

import json

from tests.ai_proxy.converting import streamed
from tests.ai_proxy.gateway import CHAT, answer, ask
from tests.ai_proxy.protocols.spark.sample import SPARK


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
