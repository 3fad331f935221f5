"""MiniMax with ChatCompletion Pro for the tests of all services."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.sample import Sample, between, same

MINIMAX: Final[Json] = {"type": "minimax", "apiTokens": ["sk-1"], "minimaxApiType": "pro", "minimaxGroupId": "7"}


def _several(value: int) -> int | None:
    return value if value > 1 else None


SAMPLES: Final = {
    "minimax": Sample(
        config=MINIMAX,
        error=({"base_resp": {"status_code": 1004, "status_msg": "login fail"}, "choices": []}, 401, "login fail"),
        chunks=[
            {"choices": [{"messages": [{"sender_type": "BOT", "sender_name": "B", "text": "Hi"}]}]},
            {"choices": [{"messages": [{"sender_type": "BOT", "sender_name": "B", "text": " there"}]}]},
            {
                "id": "m",
                "choices": [{"finish_reason": "stop", "messages": [{"sender_name": "B", "text": "Hi there"}]}],
                "usage": {"total_tokens": 3},
                "base_resp": {"status_code": 0},
            },
        ],
        usage=(
            {
                "choices": [{"finish_reason": "stop", "messages": [{"text": "Hi"}]}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17},
            },
            (),
        ),
        cached=None,
        tool_turn=("messages", [
            {"sender_type": "USER", "sender_name": "小明", "text": "What is there?"},
            {"sender_type": "BOT", "sender_name": "MM智能助理", "text": "I look.",
             "function_call": {"name": "look", "arguments": '{"at": "it"}'}},
            {"sender_type": "FUNCTION", "sender_name": "look", "text": "a cat"},
            {"sender_type": "BOT", "sender_name": "MM智能助理", "text": "",
             "function_call": {"name": "listen", "arguments": "{}"}},
            {"sender_type": "FUNCTION", "sender_name": "listen", "text": "a purr"},
            {"sender_type": "USER", "sender_name": "小明", "text": "So?"},
        ]),
        parameters={
            "temperature": ("temperature", between(0.01, 1)), "top_p": ("top_p", between(0.01, 1)),
            "limit": ("tokens_to_generate", same),
            "n": ("beam_width", _several),
        },
    ),
}  # fmt: skip
