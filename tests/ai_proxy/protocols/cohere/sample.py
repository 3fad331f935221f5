"""Cohere for the tests of all services."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.sample import Sample, between, listed, same

COHERE: Final[Json] = {"type": "cohere", "apiTokens": ["co-1"]}

_COUNTED: Final = {"tokens": {"input_tokens": 10, "output_tokens": 7}, "cached_tokens": 6}

SAMPLES: Final = {
    "cohere": Sample(
        config=COHERE,
        error=({"message": "invalid api token"}, 502, "invalid api token"),
        chunks=[
            {"type": "message-start", "id": "co", "delta": {"message": {"role": "assistant"}}},
            {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"type": "text", "text": "Hi"}}}},
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": " there"}}}},
            {"type": "content-end", "index": 0},
            {
                "type": "message-end",
                "delta": {"finish_reason": "MAX_TOKENS", "usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}}},
            },
        ],
        finish_reason="length",
        head=3,
        usage=(
            {"message": {"content": [{"type": "text", "text": "Hi"}]}, "finish_reason": "COMPLETE", "usage": _COUNTED},
            [
                {"type": "content-delta", "delta": {"message": {"content": {"text": "Hi"}}}},
                {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": _COUNTED}},
            ],
        ),
        tool_turn=("messages", [
            {"role": "user", "content": "What is there?"},
            {"role": "assistant", "tool_plan": "I look.", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "it"}'}},
                {"id": "c2", "type": "function", "function": {"name": "listen", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c2", "content": "a purr"},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
            {"role": "user", "content": "So?"},
        ]),
        parameters={
            "temperature": ("temperature", same), "top_p": ("p", between(0.01, 0.99)),
            "top_k": ("k", same), "seed": ("seed", same),
            "presence_penalty": ("presence_penalty", between(0, 1)),
            "frequency_penalty": ("frequency_penalty", between(0, 1)),
            "limit": ("max_tokens", same), "logprobs": ("logprobs", same), "stop": ("stop_sequences", listed),
        },
    ),
}  # fmt: skip
