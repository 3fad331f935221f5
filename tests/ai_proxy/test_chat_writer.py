"""The grammar of streamed chat answers: an illegal order cannot be written."""

from __future__ import annotations

import json

import pytest

from ai_proxy.chat import ChatWriter
from ai_proxy.errors import ApiError
from ai_proxy.jsonx import Json
from proxywasm_host.bodies import parse_events


def told(writer: ChatWriter) -> list[Json | str]:
    return [json.loads(data) if data.startswith("{") else data for data, _ in parse_events(writer.take())]


def test_the_first_delta_of_a_choice_has_a_role_and_later_ones_are_as_given() -> None:
    writer = ChatWriter("m")
    writer.delta(0, {"content": "a"})
    writer.delta(0, {"content": "b"})
    writer.delta(1, {"tool_calls": []})
    deltas = [event["choices"][0]["delta"] for event in told(writer) if isinstance(event, dict)]
    assert deltas == [{"role": "assistant", "content": "a"}, {"content": "b"}, {"role": "assistant", "tool_calls": []}]


def test_nothing_follows_the_finish_of_a_choice() -> None:
    writer = ChatWriter("m")
    writer.finish(0, "stop")
    writer.delta(0, {"content": "late"})
    writer.finish(0, "length")
    assert len(told(writer)) == 1


def test_usage_is_written_once_and_waits_for_the_last_choice() -> None:
    writer = ChatWriter("m", choices=2)
    writer.finish(0, "stop")
    writer.usage({"total_tokens": 1})
    assert [event["usage"] for event in told(writer) if isinstance(event, dict)] == [None]
    writer.finish(1, "stop")
    writer.usage({"total_tokens": 2})
    writer.usage({"total_tokens": 3})
    writer.done()
    *chunks, done = told(writer)
    assert done == "[DONE]"
    assert [event["usage"] for event in chunks if isinstance(event, dict)] == [None, {"total_tokens": 2}]


def test_usage_comes_before_done_although_fewer_choices_came_than_were_asked_for() -> None:
    writer = ChatWriter("m", choices=3)
    writer.finish(0, "stop")
    writer.usage({"total_tokens": 1})
    writer.done()
    assert len(told(writer)) == 3


def test_an_end_that_comes_too_early_is_not_written() -> None:
    for deltas in ([], [{"content": "a"}]):
        writer = ChatWriter("m")
        for delta in deltas:
            writer.delta(0, delta)
        with pytest.raises(ApiError, match="before it was complete"):
            writer.done()


def test_nothing_follows_done_and_nothing_follows_an_error() -> None:
    ended, failed = ChatWriter("m"), ChatWriter("m")
    ended.finish(0, "stop")
    ended.done()
    failed.fail(ApiError(500, "no"))
    assert len(told(ended)) == 2
    assert len(told(failed)) == 1
    for writer in (ended, failed):
        writer.delta(0, {"content": "late"})
        writer.finish(1, "stop")
        writer.usage({})
        writer.fail(ApiError(500, "again"))
        writer.done()
        assert told(writer) == []


def test_both_shapes_of_the_usage_chunk() -> None:
    empty = {"index": 0, "delta": {}, "finish_reason": None, "logprobs": None}
    for with_choice, choices in ((False, []), (True, [empty])):
        writer = ChatWriter("m", usage_choice=with_choice)
        writer.finish(0, "stop")
        writer.usage({})
        last = told(writer)[-1]
        assert isinstance(last, dict)
        assert last["choices"] == choices
