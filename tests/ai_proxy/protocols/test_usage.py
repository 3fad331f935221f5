"""Cached and reasoning tokens of each service are reported as OpenAI's, in whole answers and streams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from tests.ai_proxy.converting import SAMPLES
from tests.ai_proxy.gateway import CHAT, NATIVE, STREAM, Json, answer, ask, events
from tests.ai_proxy.natives import CLAUDE, GEMINI, OPENAI, VERTEX

GOOGLE: Json = {
    "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
    "usageMetadata": {
        "promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 4, "totalTokenCount": 17,
        "cachedContentTokenCount": 6,
    },
}  # fmt: skip
DASHSCOPE: Json = {
    "output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]},
    "usage": {
        "input_tokens": 10, "output_tokens": 7, "total_tokens": 17,
        "prompt_tokens_details": {"cached_tokens": 6}, "output_tokens_details": {"reasoning_tokens": 4},
    },
}  # fmt: skip
CLAUDES = {"input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 7}


WHOLE: dict[str, tuple[Json, Json]] = {
    "gemini": (GEMINI, GOOGLE),
    "vertex": (VERTEX, GOOGLE),
    "qwen": (NATIVE, DASHSCOPE),
    "claude": (CLAUDE, {"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "usage": CLAUDES}),
    **{name: (one.config, one.usage[0]) for name, one in SAMPLES.items() if one.usage},
}  # fmt: skip
STREAMS: dict[str, tuple[Json, Sequence[Json]]] = {
    "gemini": (GEMINI, [GOOGLE]),
    "vertex": (VERTEX, [GOOGLE]),
    "qwen": (NATIVE, [DASHSCOPE]),
    "claude": (CLAUDE, [
        {"type": "message_start", "message": {"id": "m", "usage": {**CLAUDES, "output_tokens": 1}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ]),
    **{name: (one.config, one.usage[1]) for name, one in SAMPLES.items() if one.usage and one.usage[1]},
}  # fmt: skip


def check(name: str, usage: Json) -> None:
    """Ten prompt tokens, six of them cached; seven of an answer, four of them reasoning if the service reports it."""
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (10, 7, 17)
    cached = usage.get("prompt_tokens_details", {}).get("cached_tokens")
    assert cached == (SAMPLES[name].cached if name in SAMPLES else 6)
    thoughts = usage.get("completion_tokens_details", {}).get("reasoning_tokens")
    assert thoughts == (4 if name in {"gemini", "vertex", "qwen"} else None)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", WHOLE)
def test_whole_answers_report_all_counts(name: str) -> None:
    config, document = WHOLE[name]
    check(name, ask({**config, "modelMapping": {"*": "gemini-2.5-pro"}}, CHAT, answer(document)).json["usage"])


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", STREAMS)
def test_streams_report_all_counts(name: str) -> None:
    config, documents = STREAMS[name]
    stream = events(*(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents), b"")
    data = ask({**config, "modelMapping": {"*": "gemini-2.5-pro"}}, STREAM, stream).data
    usages = [usage for event in data[:-1] if (usage := json.loads(event)["usage"])]
    check(name, usages[-1])


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens_details": {"cached_tokens": 6}},
        {"cached_tokens": 6},  # Moonshot.
        {"prompt_cache_hit_tokens": 6, "prompt_cache_miss_tokens": 4},  # DeepSeek.
    ],
)
def test_clients_of_anthropics_api_get_cached_tokens_of_every_service(usage: dict[str, Any]) -> None:
    counted = {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17, **usage}
    document = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "usage": counted}
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    assert ask(OPENAI, body, answer(document), path="/v1/messages").json["usage"] == {
        "input_tokens": 4,
        "output_tokens": 7,
        "cache_read_input_tokens": 6,
    }
