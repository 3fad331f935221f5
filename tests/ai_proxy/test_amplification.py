"""A text of the client is repeated in the upstream request only a few times, for any number of messages or results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.ai_proxy.conversions import PROVIDERS
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.mutations import places
from tests.ai_proxy.worst_bodies import at, calls, result, text_at, user

from ai_proxy import providers
from ai_proxy.pipeline import bodies, client_protocols
from ai_proxy.wire import apis, limits
from ai_proxy.wire.errors import ApiError
from ai_proxy.wire.json import dump_bytes

MANY = 40
LONG = "L" * 20_000
TEXT = {"type": "text", "text": "a"}
TOOL = {"name": "f", "description": "d"}
SCHEMA = {"type": "object", "properties": {"p": {"type": "string"}}}

CHAT: Json = {
    "model": "m",
    "user": "u",
    "stop": ["x"],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "tools": [{"type": "function", "function": {**TOOL, "parameters": SCHEMA}}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "j", "schema": {"type": "object"}}},
    "messages": [
        {"role": "system", "content": "s"},
        {**user([TEXT, TEXT]), "name": "n"},
        {**calls(1, '{"a":"b"}'), "content": "c", "reasoning_content": "r"},
        *[result(0)] * MANY,
        user("q"),
        calls(2, '{"a":"b"}'),
        *[result(1)] * MANY,
        *[user("z")] * MANY,
    ],
}
MESSAGES: Json = {
    "model": "m",
    "max_tokens": 5,
    "system": [TEXT],
    "metadata": {"user_id": "u"},
    "stop_sequences": ["x"],
    "tools": [{**TOOL, "input_schema": SCHEMA}],
    "messages": [
        user([TEXT, TEXT]),
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "g"},
                *({"type": "tool_use", "id": f"c{n}", "name": "f", "input": {"a": "b"}} for n in range(2)),
            ],
        },
        user([{"type": "tool_result", "tool_use_id": f"c{n % 2}", "content": "x"} for n in range(MANY)]),
    ],
}
RESPONSES: Json = {
    "model": "m",
    "user": "u",
    "instructions": "i",
    "tool_choice": {"type": "function", "name": "f"},
    "tools": [
        {"type": "function", **TOOL, "parameters": SCHEMA},
        {"type": "custom", "name": "p", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
        {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": f"g{n}"} for n in range(MANY)]},
    ],
    "text": {"format": {"type": "json_schema", "name": "j", "schema": {"type": "object"}}},
    "input": [
        {"role": "developer", "content": "d"},
        {"role": "user", "content": [{"type": "input_text", "text": "a"}] * 2},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}],
         "encrypted_content": '[{"type":"thinking","thinking":"t","signature":"g"}]'},
        {"role": "assistant", "content": "c"},
        {"type": "function_call", "call_id": "c0", "name": "f", "arguments": '{"a":"b"}'},
        {"type": "custom_tool_call", "call_id": "c1", "name": "p", "input": "x"},
        *({"type": "function_call_output", "call_id": f"c{n % 2}", "output": "x"} for n in range(MANY)),
        *[{"role": "user", "content": "z"}] * MANY,
    ],
}  # fmt: skip
EMBEDDINGS: Json = {"model": "m", "input": ["a"] * MANY, "user": "u"}
EMBEDDING_MODELS = {"bedrock": "cohere.embed-v4:0"}
IMAGES: Json = {"model": "m", "prompt": "p", "n": 4, "user": "u"}
REQUESTS = {
    "/v1/chat/completions": CHAT,
    "/v1/messages": MESSAGES,
    "/v1/responses": RESPONSES,
    "/v1/embeddings": EMBEDDINGS,
    "/v1/images/generations": IMAGES,
}


def sent(name: str, path: str, body: Json) -> int:
    """Bytes that the provider gets; none if the request is refused. The body is changed."""
    config, model = PROVIDERS[name]
    if body["model"] == "m":
        body["model"] = EMBEDDING_MODELS.get(name, model) if path == "/v1/embeddings" else model
    provider = providers.build(config, "provider")
    exchange = client_protocols.new_exchange(provider, apis.classify(path))
    try:
        prepared, _ = bodies.prepare(provider, exchange, body)
        service = provider.row.dialect.protocols.get(exchange.api)
        return len(dump_bytes(prepared if service is None else service.request(exchange, prepared)))
    except ApiError:
        return 0


def alone(body: Json) -> Json:
    """A copy in which nothing stands for two places."""
    copied: Json = json.loads(json.dumps(body))
    return copied


def lengthened(body: Json) -> Iterator[tuple[str, Json]]:
    """Replaces each text of the body in turn. Names of the many results stay as they are."""
    for way in places(body):
        if text := text_at(body, way):
            longer = alone(body)
            value: Any = json.dumps({"a": LONG}) if text.startswith("{") else LONG
            at(longer, way[:-1])[way[-1]] = value
            yield ".".join(map(str, way)), longer


@pytest.mark.parametrize("path", REQUESTS)
@pytest.mark.parametrize("name", PROVIDERS)
def test_names_are_repeated_a_bounded_number_of_times(name: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPEATED", 2 * len(LONG))
    usual = sent(name, path, alone(REQUESTS[path]))
    assert usual
    grown = {way: sent(name, path, body) - usual for way, body in lengthened(REQUESTS[path])}
    assert {way: size for way, size in grown.items() if size > 3 * len(LONG)} == {}
