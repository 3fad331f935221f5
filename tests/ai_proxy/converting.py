"""Services with their own protocol that only have chats: their samples (`sample.py`), by name."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.ai_proxy.gateway import STREAM, Json, Outcome, ask, events
from tests.ai_proxy.sample import Sample

PROTOCOLS = Path(__file__).parent / "protocols"
SAMPLES: dict[str, Sample] = {
    name: sample
    for file in sorted(PROTOCOLS.glob("*/sample.py"))
    for name, sample in import_module(f"tests.ai_proxy.protocols.{file.parent.name}.sample").SAMPLES.items()
}
ALL: dict[str, Json] = {name: sample.config for name, sample in SAMPLES.items()}
STREAMING = [name for name, sample in SAMPLES.items() if sample.chunks]
TRANSCRIPTS = [name for name, sample in SAMPLES.items() if sample.transcript]
"""Services that get the whole conversation as one text."""

TALK: Json = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What"}, {"type": "text", "text": "is this?"}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at":"it"}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ],
}  # fmt: skip
TOOL: Json = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def sse(*documents: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)


def streamed(name: str, *more: bytes, documents: list[Any] | None = None) -> Outcome:
    sample = SAMPLES[name]
    given = sample.chunks if documents is None else documents
    done = (b"data: [DONE]\n\n",) if sample.ends_with_done and documents is None else ()
    return ask(sample.config, {**STREAM, "model": "m"}, events(*map(sse, given), *done, *more, b""))
