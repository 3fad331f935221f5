"""The grammar of streamed chat answers: an illegal order cannot be written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_proxy.protocols.pivot.chat import ChatWriter, choice, completion
from ai_proxy.wire.errors import ApiError
from ai_proxy.wire.json import Json
from proxywasm_host.recordings.bodies import parse_events


def written(writer: ChatWriter) -> list[Json | str]:
    return [json.loads(data) if data.startswith("{") else data for data, _ in parse_events(writer.take())]


def test_the_first_delta_of_a_choice_has_a_role_and_later_ones_are_as_given() -> None:
    writer = ChatWriter("m")
    writer.delta(0, {"content": "a"})
    writer.delta(0, {"content": "b"})
    writer.delta(1, {"tool_calls": []})
    deltas = [event["choices"][0]["delta"] for event in written(writer) if isinstance(event, dict)]
    assert deltas == [{"role": "assistant", "content": "a"}, {"content": "b"}, {"role": "assistant", "tool_calls": []}]


def test_an_empty_delta_makes_no_chunk_and_its_usage_is_kept() -> None:
    writer = ChatWriter("m")
    writer.delta(0, {"content": "a"})
    writer.delta(0, {})
    writer.delta(0, {}, usage={"total_tokens": 1})
    writer.finish(0, "stop")
    writer.done()
    events = [event for event in written(writer) if isinstance(event, dict)]
    assert [(event["choices"] != [], event["usage"]) for event in events] == [
        (True, None), (True, None), (False, {"total_tokens": 1}),
    ]  # fmt: skip


def test_nothing_follows_the_finish_of_a_choice() -> None:
    writer = ChatWriter("m")
    writer.finish(0, "stop")
    writer.delta(0, {"content": "late"})
    writer.finish(0, "length")
    assert len(written(writer)) == 1


def test_usage_is_written_once_and_waits_for_the_last_choice() -> None:
    writer = ChatWriter("m", choices=2)
    writer.finish(0, "stop")
    writer.usage({"total_tokens": 1})
    assert [event["usage"] for event in written(writer) if isinstance(event, dict)] == [None]
    writer.finish(1, "stop")
    writer.usage({"total_tokens": 2})
    writer.usage({"total_tokens": 3})
    writer.done()
    *chunks, done = written(writer)
    assert done == "[DONE]"
    assert [event["usage"] for event in chunks if isinstance(event, dict)] == [None, {"total_tokens": 2}]


def test_usage_comes_before_done_if_there_are_fewer_choices_than_requested() -> None:
    writer = ChatWriter("m", choices=3)
    writer.finish(0, "stop")
    writer.usage({"total_tokens": 1})
    writer.done()
    assert len(written(writer)) == 3


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
    assert len(written(ended)) == 2
    assert len(written(failed)) == 1
    for writer in (ended, failed):
        writer.delta(0, {"content": "late"})
        writer.finish(1, "stop")
        writer.usage({})
        writer.fail(ApiError(500, "again"))
        writer.done()
        assert written(writer) == []


def test_both_shapes_of_the_usage_chunk() -> None:
    empty = {"index": 0, "delta": {}, "finish_reason": None, "logprobs": None}
    for with_choice, choices in ((False, []), (True, [empty])):
        writer = ChatWriter("m", usage_choice=with_choice)
        writer.finish(0, "stop")
        writer.usage({})
        last = written(writer)[-1]
        assert isinstance(last, dict)
        assert last["choices"] == choices


def chunks(writer: ChatWriter) -> list[Json]:
    return [event["choices"][0]["delta"] for event in written(writer) if isinstance(event, dict)]


@pytest.mark.parametrize("role", ["", None, 5])
def test_a_role_that_is_none_is_the_assistants(role: object) -> None:
    writer = ChatWriter("m")
    writer.delta(0, {"role": role, "content": "a"})
    assert chunks(writer) == [{"role": "assistant", "content": "a"}]


def test_a_choice_in_one_event_has_a_role_and_its_finish_in_a_chunk_of_its_own() -> None:
    writer = ChatWriter("m")
    writer.finish(0, "stop", delta={"content": "a"})
    assert chunks(writer) == [{"role": "assistant", "content": "a"}, {}]


def test_only_the_first_delta_of_a_choice_has_the_role() -> None:
    writer = ChatWriter("m")
    for delta in ({"content": "a"}, {"content": "b"}, {"reasoning_content": "c"}):
        writer.delta(0, {"role": "assistant", **delta})
    assert chunks(writer) == [{"role": "assistant", "content": "a"}, {"content": "b"}, {"reasoning_content": "c"}]


def test_a_call_has_its_id_and_name_in_its_first_piece() -> None:
    writer = ChatWriter("m")
    for arguments in ("{", "}"):
        function = {"name": "f", "arguments": arguments}
        writer.delta(0, {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": function}]})
    first, second = (delta["tool_calls"][0] for delta in chunks(writer))
    assert (first["id"], first["function"]) == ("c", {"name": "f", "arguments": "{"})
    assert second == {"index": 0, "function": {"arguments": "}"}}


def test_the_usage_is_one_last_chunk_and_only_if_it_is_wanted() -> None:
    for wanted, expected in ((True, [None, None, {"total_tokens": 3}]), (False, [None, None])):
        writer = ChatWriter("m", wants_usage=wanted)
        writer.delta(0, {"content": "a"}, usage={"total_tokens": 2})
        writer.finish(0, "stop", usage={"total_tokens": 3})
        writer.done()
        written = [json.loads(one[6:]) for one in writer.take().decode().split("\n\n")[:-2]]
        assert [chunk["usage"] for chunk in written] == expected


def test_an_invalid_time_is_left_out() -> None:
    writer = ChatWriter("m")
    writer.begin("c", created=True)
    writer.finish(0, "stop")
    (event,) = written(writer)
    assert isinstance(event, dict)
    assert event["created"] > 1


def calls(*given: Any) -> list[tuple[int, str, str]]:
    """Index, id and arguments of the calls that a client puts together from these pieces."""
    writer = ChatWriter("m")
    for piece in given:
        writer.delta(0, {"tool_calls": piece})
    result: list[tuple[int, str, str]] = []
    for delta in chunks(writer):
        for piece in delta["tool_calls"]:
            function = piece["function"]
            if piece["index"] == len(result):
                result.append((piece["index"], piece["id"], ""))
                assert (piece["type"], function["name"]) == ("function", "f")
            else:
                assert "name" not in function
            index, call_id, arguments = result[piece["index"]]
            result[piece["index"]] = (index, piece.get("id", call_id), arguments + function["arguments"])
    return result


def piece(arguments: object = "", **fields: object) -> Json:
    return {**fields, "function": {"name": "f", "arguments": arguments}}


@pytest.mark.parametrize(
    "given",
    [
        ([piece("{", index=5, id="a")], [piece("}", index=5)], [piece("{}", index=9, id="b")]),
        ([piece("{", id="a")], [piece("}", id="a")], [piece("{}", id="b")]),
        ([piece("{", index=0, id="a")], [piece("{}", index=0, id="b")], [piece("}", index=0, id="a")]),
        ([piece("{}", index=True, id="a"), piece({}, id="b")],),
        ([5, piece("{", id="a"), None], 5, [piece("}", id="a"), piece("{}", id="b")]),
    ],
)
def test_calls_are_distinguished_by_index_and_id(given: Any) -> None:
    assert calls(*given) == [(0, "a", "{}"), (1, "b", "{}")]


@pytest.mark.parametrize("given", [{}, {"type": None}, {"type": ""}, {"type": 7}, {"type": "function"}])
def test_a_call_without_a_type_is_one_of_a_function(given: Json) -> None:
    writer = ChatWriter("m")
    writer.delta(0, {"tool_calls": [{"id": "a", "function": {"name": "f"}, **given}]})
    (event,) = written(writer)
    assert isinstance(event, dict)
    assert event["choices"][0]["delta"]["tool_calls"][0]["type"] == "function"
    answer = completion(
        "x", "m", [choice(0, {"role": "assistant", "tool_calls": [{"id": "a", **given}]}, "stop")], None
    )
    assert answer["choices"][0]["message"]["tool_calls"][0]["type"] == "function"


def test_a_call_without_an_id_gets_one_that_stays() -> None:
    ((_, call_id, arguments),) = calls([piece("{", index=0)], [piece("}", index=0, id="late")])
    assert (call_id[:5], arguments) == ("call_", "{}")
