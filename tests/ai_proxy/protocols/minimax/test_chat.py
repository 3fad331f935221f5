"""MiniMax Pro: requests and answers."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.converting import TALK, sse
from tests.ai_proxy.gateway import CHAT, STREAM, Json, ask, events
from tests.ai_proxy.protocols.minimax.sample import MINIMAX


def test_minimax_names_the_speakers() -> None:
    sent = ask(MINIMAX, {**TALK, "max_completion_tokens": 9, "temperature": 0}).sent
    assert sent["bot_setting"][0]["content"] == "Be brief."
    assert [message["sender_type"] for message in sent["messages"]] == ["USER", "BOT", "FUNCTION"]
    assert (sent["tokens_to_generate"], sent["temperature"]) == (9, 0)


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
