"""Which parameters of OpenAI's chat a service with its own protocol does not get, found by converting requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ai_proxy.pipeline import bodies
from ai_proxy.protocols import clients
from ai_proxy.providers.row import Provider, Row
from ai_proxy.wire import apis
from ai_proxy.wire.json import dumps, loads

from .examples import settings

_TOOL: Final = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
_SCHEMA: Final = {"type": "object", "properties": {"a": {"type": "string"}}}

# Source: OpenAI API reference, "Create chat completion", without deprecated parameters.
SAMPLES: Final[dict[str, Any]] = {
    "audio": {"voice": "alloy", "format": "mp3"},
    "frequency_penalty": 0.5,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "max_completion_tokens": 3000,
    "metadata": {"team": "a"},
    "modalities": ["text", "image"],
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "x"},
    "presence_penalty": 0.5,
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "reasoning_effort": "high",
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": _SCHEMA}},
    "safety_identifier": "s",
    "seed": 1,
    "service_tier": "default",
    "stop": "x",
    "store": False,
    "stream": True,
    "temperature": 0.5,
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "tools": [_TOOL],
    "top_logprobs": 2,
    "top_p": 0.5,
    "user": "u",
    "verbosity": "low",
    "web_search_options": {},
}
"""A value of each parameter that differs from its default."""

_WITH_TOOLS: Final = frozenset({"tool_choice", "parallel_tool_calls"})
"""Have no effect without tools."""

# By provider: a model that supports every parameter that any of its models supports.
_MODELS: Final = {
    "bedrock": "anthropic.claude-sonnet-4-5", "claude": "claude-sonnet-4-5", "cohere": "command-a-reasoning",
    "deepl": "Pro", "gemini": "gemini-2.5-pro", "vertex": "gemini-2.5-pro",
}  # fmt: skip

_CONVERSATION: Final = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
]


def lost(row: Row) -> list[str]:
    """The parameters that do not change the converted request; none for providers that pass chats on."""
    if apis.CHAT not in row.dialect.protocols:
        return []
    tools = {"tools": SAMPLES["tools"]}
    plain, with_tools = _converted(row, {}), _converted(row, tools)
    names = []
    for name, sample in SAMPLES.items():
        # Some services can only switch reasoning off.
        values = [sample, "none"] if name == "reasoning_effort" else [sample]
        more, usual = (tools, with_tools) if name in _WITH_TOOLS else ({}, plain)
        if all(_converted(row, {**more, name: value}) == usual for value in values):
            names.append(name)
    return names


def _converted(row: Row, parameters: dict[str, Any]) -> str:
    """The converted request: path, headers and body."""
    # The placeholders of the example are not an account to log in with.
    provider = Provider.build(replace(row, credentials=replace(row.credentials, login=None)), settings(row))
    exchange = clients.new_exchange(provider.settings, apis.Route(apis.CHAT))
    body = {"model": _MODELS.get(row.name, "m"), "messages": _CONVERSATION, **parameters}
    prepared, _ = bodies.prepare(provider, exchange, loads(dumps(body)))
    sent = row.dialect.protocols[apis.CHAT].request(exchange, prepared)
    return dumps([exchange.path, exchange.headers, sent])
