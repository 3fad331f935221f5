"""Small differences of providers that speak the OpenAI protocol."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, STREAM, Json, ask, events


def provider(name: str, **settings: object) -> Json:
    return {"type": name, "apiTokens": ["sk-provider-1"], **settings}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"reasoning_max_tokens": 1000, "reasoning_effort": "high"}, {"reasoning": {"max_tokens": 1000}}),
        (
            {"reasoning_max_tokens": 9, "reasoning": {"exclude": True}},
            {"reasoning": {"exclude": True, "max_tokens": 9}},
        ),
        (
            {"reasoning_max_tokens": 0, "reasoning_effort": "high"},
            {"reasoning_max_tokens": 0, "reasoning_effort": "high"},
        ),
        ({"reasoning_max_tokens": "x"}, {"reasoning_max_tokens": "x"}),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
    ],
)
def test_openrouter_has_its_own_word_for_a_budget(asked: Json, sent: Json) -> None:
    assert ask(provider("openrouter"), {**CHAT, **asked}).sent == {**CHAT, **sent}


def test_zhipu_thinks_or_does_not() -> None:
    assert ask(provider("zhipuai"), {**CHAT, "reasoning_effort": "low"}).sent == {
        **CHAT,
        "thinking": {"type": "enabled"},
    }
    assert ask(provider("zhipuai"), CHAT).sent == CHAT


def test_doubao_adds_a_watermark_only_on_request() -> None:
    path = "/v1/images/generations"
    assert ask(provider("doubao"), {"model": "x", "prompt": "y"}, path=path).sent["watermark"] is False
    assert ask(provider("doubao"), {"model": "x", "watermark": True}, path=path).sent["watermark"] is True


def test_doubao_does_not_take_all_of_the_responses_api() -> None:
    body = {"model": "x", "input": "y", "parallel_tool_calls": True, "tool_choice": "auto"}
    assert ask(provider("doubao"), body, path="/v1/responses").sent == {"model": "x", "input": "y"}


def test_longcat_maps_the_model_next_to_a_response_format() -> None:
    config = provider("longcat", responseJsonSchema={"type": "json_object"}, modelMapping={"*": "LongCat"})
    sent = ask(config, STREAM)
    assert (sent.sent["model"], sent.sent["response_format"]) == ("LongCat", {"type": "json_object"})
    assert sent.sent_headers["accept"] == "text/event-stream"


MOONSHOT = (
    b'data: {"choices":[{"index":0,"delta":{"content":"\xe4\xbd\xa0"}}]}\r\n\r\n: ping\n\n'
    b'event: x\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"total_tokens":3}}]}\n\n'
    b"data: [DONE]\n\n"
)
MOONSHOT_FIXED = MOONSHOT.replace(
    b',"usage":{"total_tokens":3}}]}', b'}],"usage":{"total_tokens":3}}'
)  # fmt: skip


@pytest.mark.parametrize("cut", range(1, len(MOONSHOT)))
def test_moonshots_usage_moves_to_openais_place_however_the_stream_is_cut(cut: int) -> None:
    outcome = ask(provider("moonshot"), STREAM, events(MOONSHOT[:cut], MOONSHOT[cut:]))
    assert outcome.raw == MOONSHOT_FIXED
