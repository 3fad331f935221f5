"""MiniMax with ChatCompletion Pro for the tests of all services."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.sample import Sample, same

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
        parameters={
            "temperature": ("temperature", same), "top_p": ("top_p", same), "limit": ("tokens_to_generate", same),
            "n": ("beam_width", _several),
        },
    ),
}  # fmt: skip
