"""What ai-proxy makes of recorded chats keeps the documented rules, too, but where this list says otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.ai_proxy import validated
from tests.expected.golden import load, recordings

from ai_proxy_testing import answer_problems, error_problems, request_problems, stream_problems
from proxywasm_host.recordings.bodies import join, parse_events
from proxywasm_host.recordings.exchange import Exchange

_CLIENTS_OWN = "unread-bodies: the client's own mistake in OpenAI's protocol, which the service answers"
_OPERATORS_OWN = "custom-settings: fields of the operator's own, which go upstream as they are"
EXCEPTIONS: dict[str, str] = {
    **dict.fromkeys(("settings-openai-b", "openai-settings-raw-plain"), _OPERATORS_OWN),
    **dict.fromkeys(("settings-claude-input-b", "settings-claude-input-b-e"), _OPERATORS_OWN),
    "openrouter-reasoning-b": "the client's own field, as in the original: a budget of 0 asks for nothing",
    **dict.fromkeys(("mapping-openai-no-model-a", "mapping-openai-no-model-b"), _CLIENTS_OWN),
    **dict.fromkeys(("transport-content-type-a", "transport-content-type-b", "transport-empty-body-b"), _CLIENTS_OWN),
    "vertex-claude-messages-with-a-query": "unread-bodies: the client's own mistake in Anthropic's protocol",
    "vertex-claude-system-only": "fitted-chats: without a message there is no chat; the service says so",
    "coze-invalid-json-a": "original-protocol: Coze's bodies are passed on, whatever they are",
    "transport-empty-body-a": "unconverted-answers: an answer without a body is passed on",
}
"""By the name of an exchange: the difference, and why its expected result breaks a rule."""
_CHATS = {"openai": "/chat/completions", "anthropic": "/v1/messages", "responses": "/v1/responses"}
_OF_A_PATH = (
    (":generateContent", "google"), (":streamGenerateContent", "google"), ("awPredict", "vertex-anthropic"),
    ("/converse", "bedrock"), ("/text-generation/generation", "dashscope"), ("/chatcompletion_pro", "minimax-pro"),
)  # fmt: skip
_OF_A_TYPE = {config["type"]: rules for config, _, rules in validated.SERVICES.values() if rules in validated.OPENAIS}


def rules_of(provider: dict[str, Any], upstream: dict[str, Any]) -> str | None:
    """The rules of a request that went upstream; None: nobody converted it, or it is no chat."""
    path = dict(upstream["headers"]).get(":path", "")
    kind = provider.get("type", "")
    if kind == "claude" and path.partition("?")[0].endswith("/v1/messages"):
        return "anthropic"
    for part, rules in _OF_A_PATH:
        if part in path:
            return rules
    if kind == "cohere":
        return "cohere" if path.endswith("/v2/chat") else None
    if kind == "hunyuan" and provider.get("hunyuanAuthId"):
        return "hunyuan"
    return _OF_A_TYPE.get(kind, "openai-like") if "/chat/completions" in path else None


def provider_of(exchange: Exchange) -> dict[str, Any]:
    try:
        config = json.loads(exchange.config)
    except ValueError:
        return {}
    provider = config.get("provider") if isinstance(config, dict) else None
    return provider if isinstance(provider, dict) and provider.get("protocol") != "original" else {}


def problems(exchange: Exchange) -> list[str]:
    provider, expected = provider_of(exchange), exchange.raw.get("expect") or {}
    path = dict(exchange.request.headers).get(":path", "").partition("?")[0]
    client = next((name for name, end in _CHATS.items() if path.endswith(end)), None)
    upstream, downstream = expected.get("upstream"), expected.get("downstream")
    if client is None or not provider or exchange.raw.get("known_bug"):
        return []
    found = []
    if upstream and isinstance(upstream.get("body"), str) and (rules := rules_of(provider, upstream)):
        found += [f"request: {one}" for one in request_problems(rules, json.loads(upstream["body"]))]
        native = rules in {"anthropic", "vertex-anthropic"} and client == "anthropic"
        found += [] if native or not downstream else answer(client, downstream)
    if reply := expected.get("local_reply"):
        found += answer(
            client, {"headers": [[":status", str(reply["status"])], *reply["headers"]], "body": [reply["body"]]}
        )
    return found


def _is_error(headers: dict[str, str], body: bytes) -> bool:
    return headers.get(":status", "")[:1] in {"4", "5"} and body.startswith(b"{")


def answer(client: str, downstream: dict[str, Any]) -> list[str]:
    headers, body = dict(downstream["headers"]), join(downstream["body"])
    if headers.get(":status") != "200" or not body:
        return [f"error: {one}" for one in error_problems(client, json.loads(body))] if _is_error(headers, body) else []
    if "event-stream" in headers.get("content-type", ""):
        return [f"stream: {one}" for one in stream_problems(client, [data for data, _ in parse_events(body)])]
    return [f"answer: {one}" for one in answer_problems(client, json.loads(body))]


@cache
def exchanges() -> tuple[Exchange, ...]:
    return tuple(exchange for file in recordings() for exchange in load(file))


def failing() -> Iterator[tuple[str, list[str]]]:
    for exchange in exchanges():
        try:
            if found := problems(exchange):
                yield exchange.name, found
        except ValueError as error:
            yield exchange.name, [str(error)]


def test_recorded_chats_keep_the_rules_but_for_listed_ones() -> None:
    found = dict(failing())
    assert {name: one for name, one in found.items() if name not in EXCEPTIONS} == {}
    assert sorted(EXCEPTIONS.keys() - found.keys()) == [], "a listed exchange keeps the rules: remove it"


@pytest.mark.parametrize("folder", ["conformance", "recordings"])
def test_most_recorded_chats_are_looked_at(folder: str) -> None:
    assert sum(bool(provider_of(exchange)) for exchange in exchanges()) > 500
    assert (Path(__file__).parents[1] / folder).is_dir()
