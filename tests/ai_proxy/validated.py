"""Providers, each with the rules in `ai_proxy_testing` that its requests keep."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.ai_proxy import converting, natives
from tests.ai_proxy.gateway import COMPATIBLE, NATIVE, Json

from ai_proxy import providers
from ai_proxy.pipeline import bodies, client_protocols
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.protocols.interface import FilesWanted
from ai_proxy.wire import apis
from ai_proxy.wire.files import Data
from ai_proxy.wire.json import dump_bytes
from ai_proxy_docs.examples import example

_CONFIG = {"apiTokens": ["sk-1"]}
SERVICES: dict[str, tuple[Json, str, str]] = {
    "openai": (natives.OPENAI, "gpt-4.1", "openai"),
    "azure": ({"type": "azure", **_CONFIG, "azureServiceUrl": "https://r.openai.azure.com/?api-version=1"},
              "m", "openai"),
    "mistral": ({"type": "mistral", **_CONFIG}, "mistral-large-latest", "mistral"),
    "openrouter": ({"type": "openrouter", **_CONFIG}, "m", "openrouter"),
    "qwen": (COMPATIBLE, "qwen-max", "qwen"),
    **{name: ({"type": name, **_CONFIG}, "m", "openai-like") for name in ("fireworks", "together-ai", "grok")},
    "groq": ({"type": "groq", **_CONFIG}, "m", "openai-strict"),
    "cerebras": ({"type": "cerebras", **_CONFIG}, "m", "cerebras"),
    **{name: ({"type": name, **_CONFIG}, "m", "openai-switched")
       for name in ("moonshot", "deepseek", "zhipuai", "doubao", "minimax")},
    "claude": (natives.CLAUDE, "claude-sonnet-4-5", "anthropic"),
    "claude-new": (natives.CLAUDE, "claude-opus-4-7", "anthropic"),
    "vertex-claude": (natives.VERTEX, "claude-sonnet-4-5", "vertex-anthropic"),
    "bedrock": (natives.BEDROCK, "amazon.nova-pro-v1:0", "bedrock"),
    "bedrock-claude": (natives.BEDROCK, "anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock"),
    "gemini": (natives.GEMINI, "gemini-2.5-flash", "google"),
    "gemini-3": (natives.GEMINI, "gemini-3-pro-preview", "google-3"),
    "vertex": (natives.VERTEX, "gemini-2.5-flash", "google"),
    "cohere": (converting.ALL["cohere"], "command-a-03-2025", "cohere"),
    "dashscope": (NATIVE, "qwen-max", "dashscope"),
    "hunyuan-native": (converting.ALL["hunyuan"], "m", "hunyuan"),
    "minimax-pro": (converting.ALL["minimax"], "m", "minimax-pro"),
    "spark": (converting.ALL["spark"], "m", "spark"),
    **{name: (converting.ALL[name], "Pro", "text") for name in (*converting.TRANSCRIPTS, "deepl")},
}  # fmt: skip
"""Configuration, model, and the name of the rules."""
OPENAIS = frozenset(
    {"openai", "openai-like", "openai-switched", "openai-strict", "cerebras", "mistral", "openrouter", "qwen"}
)
"""Rules of services that speak OpenAI's protocol: what its clients say is between the two, but for ids of calls."""
ALL_SERVICES: dict[str, tuple[Json, str, str]] = SERVICES | {
    row.name: (example(row), "m", "openai-like")
    for row in providers.ROWS
    if row.name not in {config["type"] for config, _, _ in SERVICES.values()} and apis.CHAT in row.addressing.paths
}
"""Those above, and all other rows of the table with chats: they take them as OpenAI does."""
MODELS = (
    "gpt-5", "o3", "claude-opus-4-7", "anthropic/claude-sonnet-4.5", "kimi-k2.5", "kimi-k2-thinking", "glm-4.6",
    "deepseek-reasoner", "qwen3-max", "MiniMax-M2", "grok-4", "magistral-medium-latest", "gemini-2.5-pro", "unknown",
)  # fmt: skip
"""Models whose profiles differ, for services with models of several vendors."""
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "responses": "/v1/responses"}
_FILE = Data("image/png", "iVBORw0KGgo=")


def converted(service: str, client: str, body: Json, model: str = "") -> tuple[Exchange, Json] | None:
    """The exchange and the request that the service gets; None if it speaks the client's protocol itself.

    `model`: one of the service's, in place of the usual.
    """
    config, usual, _ = ALL_SERVICES[service]
    provider = providers.build({**config, "modelMapping": {"*": model or usual}}, "provider")
    exchange = client_protocols.new_exchange(provider, apis.classify(PATHS[client]))
    if exchange.api != apis.CHAT:
        return None
    try:
        prepared, _ = bodies.prepare(provider, exchange, copy.deepcopy(body))
    except FilesWanted as wanted:
        exchange.files = dict.fromkeys(wanted.urls, _FILE)
        prepared, _ = bodies.prepare(provider, exchange, copy.deepcopy(body))
    if exchange.api != apis.CHAT:
        return None
    protocol = provider.row.dialect.protocols.get(exchange.api)
    if protocol is None:
        return exchange, _plain(prepared)
    try:
        return exchange, _plain(protocol.request(exchange, prepared))
    except FilesWanted as wanted:
        exchange.files = dict.fromkeys(wanted.urls, _FILE)
        return exchange, _plain(protocol.request(exchange, prepared))


def _plain(document: Any) -> Json:
    result: Json = json.loads(dump_bytes(document))
    return result
