"""`promoteThinkingOnEmpty`: reasoning becomes the content of an answer that has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, NATIVE, STREAM, Json, Outcome, answer, ask, events, native_event

OPENAI: Json = {"type": "openai", "apiTokens": ["sk-provider-1"], "promoteThinkingOnEmpty": True}
DONE = b"data: [DONE]\n\n"


def whole(provider: Json, **message: Any) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    result: Json = ask(provider, CHAT, answer({"choices": [choice]})).json["choices"][0]["message"]
    return result


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("content", [None, "", " \n"])
def test_reasoning_becomes_the_content(name: str, content: str | None) -> None:
    assert whole(OPENAI, content=content, **{name: "thought"}) == {"role": "assistant", "content": "thought"}


@pytest.mark.parametrize("more", [{"content": "x"}, {"tool_calls": [{"id": "1"}]}, {"refusal": "no"}])
def test_an_answer_that_has_something_stays(more: Json) -> None:
    assert whole(OPENAI, reasoning_content="thought", **more) == {
        "role": "assistant", "reasoning_content": "thought", **more,
    }  # fmt: skip


def test_it_is_off_by_default() -> None:
    plain = {**OPENAI, "promoteThinkingOnEmpty": False}
    assert whole(plain, content="", reasoning_content="thought")["content"] == ""
    assert whole({**plain, "hiclawMode": True}, content="", reasoning_content="thought")["content"] == "thought"


def chunk(delta: Json, finish: str | None = None, index: int = 0) -> Json:
    return {"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def data(*chunks: Json) -> list[bytes]:
    return [b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks]


def streamed(*raw: bytes, provider: Json = OPENAI) -> Outcome:
    return ask(provider, STREAM, events(*raw))


ROLE = chunk({"role": "assistant", "content": ""})
THOUGHT = [chunk({"reasoning_content": "one "}), chunk({"reasoning_content": "two"})]
USAGE = {"id": "c", "choices": [], "usage": {"total_tokens": 3}}


def test_in_a_stream_reasoning_is_promoted_at_the_end() -> None:
    outcome = streamed(*data(ROLE, *THOUGHT, chunk({}, "stop"), USAGE), DONE)
    *chunks, done = outcome.data
    assert [json.loads(one) for one in chunks] == [ROLE, chunk({"content": "one two"}, "stop"), USAGE]
    assert done == "[DONE]"


def test_a_stream_with_content_loses_nothing() -> None:
    chunks = [ROLE, *THOUGHT, chunk({"content": "x"}), chunk({"reasoning_content": "three"}), chunk({}, "stop")]
    outcome = streamed(*data(*chunks), DONE)
    assert [json.loads(one) for one in outcome.data[:-1]] == chunks


def test_a_stream_without_reasoning_is_not_touched() -> None:
    raw = data(ROLE, chunk({"content": "x"}), chunk({}, "stop"))
    assert streamed(b": hello\n\n", *raw, DONE).raw == b": hello\n\n" + b"".join(raw) + DONE


def test_each_choice_has_its_own() -> None:
    chunks = [chunk({"reasoning": "a"}, index=0), chunk({"reasoning": "b"}, index=1), chunk({"content": "c"}, index=1)]
    outcome = streamed(*data(*chunks, chunk({}, "stop", 1), chunk({}, "stop", 0)), DONE)
    assert [json.loads(one) for one in outcome.data[:-1]] == [
        chunk({"reasoning": "b"}, index=1), chunk({"content": "c"}, index=1), chunk({}, "stop", 1),
        chunk({"content": "a"}, "stop", 0),
    ]  # fmt: skip


def test_a_stream_that_breaks_sends_what_it_has() -> None:
    outcome = streamed(*data(ROLE, *THOUGHT))
    assert json.loads(outcome.data[1]) == THOUGHT[0]
    assert sum("stream_cut" in one for one in outcome.data) == 1
    assert "[DONE]" not in outcome.data


def test_converted_answers_have_it_too() -> None:
    config = {**NATIVE, "promoteThinkingOnEmpty": True}
    outcome = streamed(
        native_event("", reasoning_content="one "), native_event("", "stop", reasoning_content="two"), provider=config
    )
    deltas = [json.loads(one)["choices"][0]["delta"] for one in outcome.data[:-1]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "one two"
    assert not any("reasoning_content" in delta for delta in deltas)


@pytest.mark.parametrize("none", ["", "null", None])
def test_an_empty_finish_reason_does_not_end_a_choice(none: str | None) -> None:
    going_on = [{**one, "choices": [{**one["choices"][0], "finish_reason": none}]} for one in THOUGHT]
    raw = data(*going_on, chunk({"content": "x"}), chunk({}, "stop"))
    deltas = [json.loads(one)["choices"][0]["delta"] for one in streamed(*raw, DONE).data[:-1]]
    assert deltas == [{"reasoning_content": "one "}, {"reasoning_content": "two"}, {"content": "x"}, {}]


def test_an_empty_error_does_not_end_a_stream() -> None:
    raw = data(*({**one, "error": None} for one in THOUGHT), chunk({}, "stop"))
    assert json.loads(streamed(*raw, DONE).data[0])["choices"][0]["delta"] == {"content": "one two"}


def test_the_last_reasoning_is_sent_once() -> None:
    raw = data(THOUGHT[0], chunk({"reasoning_content": "two"}, "stop"))
    assert json.loads(streamed(*raw, DONE).data[0])["choices"][0]["delta"] == {"content": "one two"}


def test_content_that_comes_with_the_end_is_the_content() -> None:
    gemini = {"type": "gemini", "apiTokens": ["AIza-1"], "promoteThinkingOnEmpty": True}
    parts = [{"text": "hm", "thought": True}], [{"text": "x"}]
    first, last = ({"candidates": [{"content": {"parts": one}, "index": 0}]} for one in parts)
    last["candidates"][0]["finishReason"] = "STOP"
    deltas = [json.loads(one)["choices"][0]["delta"] for one in streamed(*data(first, last), provider=gemini).data[:-1]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "x"
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == "hm"


@pytest.mark.parametrize("by", ["passed on", "converted"])
def test_a_credential_in_several_pieces_of_reasoning_is_not_told_in_one(by: str) -> None:
    """The service repeats the key of the provider bit by bit; joined, it is whole."""
    key = "sk-joined-0123456789"
    pieces = [f"the key is {key[:7]}", key[7:12], f"{key[12:]}."]
    if by == "passed on":
        config = {**OPENAI, "apiTokens": [key]}
        raw = [*data(ROLE, *(chunk({"reasoning_content": one}) for one in pieces), chunk({}, "stop")), DONE]
    else:
        config = {**NATIVE, "apiTokens": [key], "promoteThinkingOnEmpty": True}
        first, second, last = pieces
        raw = [
            native_event("", reasoning_content=first), native_event("", reasoning_content=second),
            native_event("", "stop", reasoning_content=last),
        ]  # fmt: skip
    outcome = streamed(*raw, provider=config)
    assert key.encode() not in outcome.raw
    deltas = [json.loads(one)["choices"][0]["delta"] for one in outcome.data[:-1]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "the key is ***."
