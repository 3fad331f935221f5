"""MiniMax Pro: requests and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.converting import TALK, TOOL, sse
from tests.ai_proxy.gateway import CHAT, STREAM, Json, answer, ask, events, refusal, warnings
from tests.ai_proxy.protocols.minimax.sample import MINIMAX


def test_minimax_names_the_speakers() -> None:
    sent = ask(MINIMAX, {**TALK, "max_completion_tokens": 9, "temperature": 0}).sent
    assert sent["bot_setting"][0]["content"] == "Be brief."
    assert [message["sender_type"] for message in sent["messages"]] == ["USER", "BOT", "FUNCTION"]
    assert (sent["tokens_to_generate"], sent["temperature"]) == (9, 0.01)


def test_minimax_gets_a_description_when_there_is_no_system_prompt() -> None:
    assert len(ask(MINIMAX, CHAT).sent["bot_setting"]) == 1


@pytest.mark.usefixtures("both_ways")
def test_minimax_sends_each_text_once_and_finishes_each_choice() -> None:
    def said(*choices: tuple[int, str, str]) -> Json:
        items = [
            {"index": index, "finish_reason": reason, "messages": [{"sender_type": "BOT", "text": text}]}
            for index, text, reason in choices
        ]
        return {"id": "m", "choices": items}

    stream = events(sse(said((0, "Hi", "")), said((0, "Hi", "stop"), (1, "Hello", "stop"))))
    written = [json.loads(data) for data in ask(MINIMAX, {**STREAM, "n": 2}, stream).data[:-1]]
    choices = [choice for chunk in written for choice in chunk["choices"]]
    pieces = [(choice["index"], choice["delta"].get("content"), choice["finish_reason"]) for choice in choices]
    assert pieces == [(0, "Hi", None), (0, None, "stop"), (1, "Hello", None), (1, None, "stop")]


def answer_of(text: str, reason: str = "", **more: Any) -> Json:
    message = {"sender_type": "BOT", "sender_name": "B", "text": text, **more}
    return {"id": "m", "choices": [{"index": 0, "finish_reason": reason, "messages": [message]}]}


CALLS: Json = {"function_call": {"name": "look", "arguments": '{"at":"it"}'}}


@pytest.mark.usefixtures("both_ways")
def test_minimax_calls_come_back() -> None:
    (choice,) = ask(MINIMAX, CHAT, answer(answer_of("I look.", "stop", **CALLS))).json["choices"]
    (made,) = choice["message"]["tool_calls"]
    assert made["function"] == {"name": "look", "arguments": '{"at":"it"}'}
    assert (choice["finish_reason"], bool(made["id"])) == ("tool_calls", True)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("early", [True, False], ids=["before the end", "at the end"])
def test_minimax_calls_come_back_once_in_streams(early: bool) -> None:
    documents = [
        answer_of("I "),
        answer_of("look."),
        *([answer_of("", **CALLS)] if early else []),
        answer_of("I look.", "stop", **CALLS),
    ]
    stream = events(*(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents), b"")
    choices = [json.loads(data)["choices"][0] for data in ask(MINIMAX, STREAM, stream).data[:-1]]
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == "I look."
    made = [one for choice in choices for one in choice["delta"].get("tool_calls", [])]
    assert [one["function"] for one in made] == [{"name": "look", "arguments": '{"at":"it"}'}]
    assert choices[-1]["finish_reason"] == "tool_calls"


def test_minimax_is_forced_to_a_function() -> None:
    body = {**CHAT, "tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}}
    assert ask(MINIMAX, body).sent["function_call"] == {"type": "specific", "name": "look"}


V2: Json = {"type": "minimax", "apiTokens": ["sk-1"]}


def test_the_other_protocol_of_minimax_is_openais() -> None:
    outcome = ask({**V2, "modelMapping": {"*": "mapped"}}, STREAM, path="/ai/v1/chat/completions")
    headers = outcome.sent_headers
    assert (headers[":authority"], headers[":path"]) == ("api.minimax.chat", "/v1/text/chatcompletion_v2")
    assert headers["authorization"] == "Bearer sk-1"
    # MiniMax streams by the body alone.
    assert headers.get("accept") is None
    assert outcome.sent == {**STREAM, "model": "mapped", "stream_options": {"include_usage": True}}


def test_a_clients_query_does_not_repeat_the_group() -> None:
    sent = ask(MINIMAX, CHAT, path="/v1/chat/completions?GroupId=x&%47roupId=y&q=1").sent_headers[":path"]
    assert sent.endswith("?GroupId=7&q=1")


def test_chatcompletion_pro_needs_a_group() -> None:
    assert "provider.minimaxGroupId: is required for" in refusal({"provider": {**V2, "minimaxApiType": "pro"}})
    (logged,) = warnings({"provider": {**V2, "minimaxGroupId": "g"}})
    assert logged.startswith("provider.minimaxGroupId: has no effect: only ChatCompletion Pro has")
