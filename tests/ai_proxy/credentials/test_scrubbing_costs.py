"""The cost of the search for credentials in each chunk, in instructions, which do not depend on the load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.ai_proxy.gateway import Json, native_event

from benchmarks.lowering.counting import CountingGateway

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
REQUEST = [
    (":scheme", "https"), (":authority", "gateway.example.com"), (":path", "/v1/chat/completions"),
    (":method", "POST"), ("content-type", "application/json"),
]  # fmt: skip
RESPONSE = [(":status", "200"), ("content-type", "text/event-stream")]
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}).encode()
COUNT = 100


def chunk(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
    document = {"id": "chatcmpl-9f8e7d6c5b4a", "object": "chat.completion.chunk", "created": 1, "choices": [choice]}
    return f"data: {json.dumps(document, separators=(',', ':'))}\n\n".encode()


STREAMS: dict[str, tuple[Json, bytes]] = {
    "converted": ({"type": "qwen", "qwenEnableCompatible": False}, native_event(" word")),
    "passed on": ({"type": "openai"}, chunk(" word")),
}


def work(module: Path, provider: Json, token: str, one: bytes) -> int:
    """Instructions for each further chunk."""
    gateway = CountingGateway(module, json.dumps({"provider": {**provider, "apiTokens": [token]}}))

    def executed(count: int) -> int:
        before = gateway.executed
        gateway.exchange(REQUEST, BODY, RESPONSE, [one] * count)
        return gateway.executed - before

    executed(2)
    return (executed(COUNT + 10) - executed(10)) // COUNT


@pytest.mark.parametrize("stream", STREAMS)
def test_a_chunk_pays_less_than_one_percent_for_it(stream: str, ai_proxy_module: Path) -> None:
    """Compared with a token that is too short to be masked."""
    provider, one = STREAMS[stream]
    assert work(ai_proxy_module, provider, KEY, one) <= 1.01 * work(ai_proxy_module, provider, "short", one)
