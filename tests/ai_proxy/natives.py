"""Configurations of Claude, Gemini, Vertex AI and Bedrock; recorded streams, also for clients of Anthropic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.ai_proxy.gateway import Json

from ai_proxy import providers
from ai_proxy.pipeline import bodies, client_protocols
from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols.openai import service as openai_chat
from ai_proxy.wire import apis
from proxywasm_host.recordings import exchange as recordings
from proxywasm_host.recordings.bodies import parse_events
from proxywasm_host.recordings.exchange import Exchange as Recorded

RECORDED = Path(__file__).parents[1] / "conformance"

CLAUDE: Json = {"type": "claude", "apiTokens": ["sk-ant-1"]}
GEMINI: Json = {"type": "gemini", "apiTokens": ["AIza-1"]}
VERTEX: Json = {"type": "vertex", "apiTokens": ["AIza-1"]}
BEDROCK: Json = {"type": "bedrock", "apiTokens": ["bedrock-1"], "awsRegion": "us-east-1"}
OPENAI: Json = {"type": "openai", "apiTokens": ["sk-1"]}
ALL: dict[str, tuple[Json, str]] = {
    "claude": (CLAUDE, "claude-3"),
    "gemini": (GEMINI, "gemini-2.5-pro"),
    "vertex": (VERTEX, "gemini-2.5-pro"),
    "vertex-claude": (VERTEX, "claude-3"),
    "bedrock": (BEDROCK, "anthropic.claude-3"),
}
"""Each with a model."""


def recorded() -> Iterator[Recorded]:
    """Recorded streams that are converted for their client."""
    own = [RECORDED / name for name in ("claude", "gemini", "vertex", "bedrock", "claude-to-openai")]
    files = [file for folder in own for file in sorted(folder.glob("*.json"))]
    files += sorted(RECORDED.glob("*/claude-input.json"))
    for file in files:
        if file.stem == "cut-streams":
            continue
        for entry in recordings.load(file):
            provider = json.loads(entry.config).get("provider", {})
            path = dict(entry.request.headers)[":path"]
            kind = dict(entry.response.headers).get("content-type", "") if entry.response else ""
            native = re.search("^(claude|bedrock|deepseek|qwen)$", provider.get("type", ""))
            converted = "/chat/completions" in path or ("/v1/messages" in path and not native)
            chat = converted and "count_tokens" not in path and provider.get("protocol") != "original"
            if chat and "event" in kind and "login" not in provider and "vertexAuthKey" not in provider:
                yield entry


def convert(entry: Recorded, chunks: list[bytes]) -> list[tuple[str, str]]:
    """Converts a recorded stream, without generated ids and times."""
    provider = providers.build(json.loads(entry.config)["provider"], "provider")
    exchange = client_protocols.new_exchange(provider, apis.classify(dict(entry.request.headers)[":path"]))
    body, _ = bodies.prepare(provider, exchange, json.loads(b"".join(entry.request.body)))
    service = provider.row.dialect.protocols.get(exchange.api, openai_chat)
    if exchange.api in provider.row.dialect.protocols:
        service.request(exchange, body)
    exchange.answer.id = "aws-req-1"
    stream = ConvertedStream(exchange, service)
    out = [stream.feed(chunk, last=index == len(chunks) - 1) for index, chunk in enumerate(chunks)]
    return [(steady(data), event) for data, event in parse_events(b"".join(out))]


def steady(data: str) -> str:
    data = re.sub(r'"created": ?\d+', '"created":0', data)
    return re.sub("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}", "uuid", data)
