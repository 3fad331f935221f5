"""What of a conversation is carried from each client protocol to each service and back, found by trying it.

Requests are those of `ai_proxy_testing.conversations`, and the validators check both sides: a problem fails the try.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from tests.ai_proxy.gateway import Json, answer, ask
from tests.ai_proxy.service_answers import WRITERS, Said, own_writers
from tests.ai_proxy.test_validated_answers import exchange_of
from tests.ai_proxy.validated import PATHS, SERVICES, converted

from ai_proxy.pipeline import client_terms
from ai_proxy.pipeline.streams import ConvertedStream, from_answer
from ai_proxy.wire.errors import ApiError
from ai_proxy_testing import answer_problems, error_problems, request_problems, stream_problems
from ai_proxy_testing.conversations import (
    PDF,
    PNG,
    Call,
    Conversation,
    Turn,
    anthropic_request,
    openai_request,
    responses_request,
)
from proxywasm_host.recordings.bodies import parse_events

YES, NO, REFUSED, PASSED = "yes", "no", "refused", "as it is"
WRITTEN: Final = {"openai": openai_request, "anthropic": anthropic_request, "responses": responses_request}
_SCHEMA: Final = {"type": "object", "properties": {"wanted_field": {"type": "string"}}, "required": ["wanted_field"],
                  "additionalProperties": False}  # fmt: skip
_PARAMETERS: Final = {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}}
_TOOL: Final = ("get_weather", _PARAMETERS)
_OF_RULES: Final = {
    "openai": "openai", "openai-like": "openai", "openai-switched": "openai",
    "openai-strict": "openai", "cerebras": "openai",
    "mistral": "openai", "openrouter": "openai", "qwen": "openai",
    "anthropic": "anthropic", "vertex-anthropic": "anthropic", "google": "google", "google-3": "google",
    "bedrock": "bedrock",
    "cohere": "cohere", "dashscope": "dashscope",
}  # fmt: skip
"""The writers of answers, by the rules of a service's requests."""
_SAID: Final = Said("thought about it", "said in words", (("c1", "get_weather", {"city": "Oslo"}),), "calls")
_BOTH: Final = Said("", "", (("c1", "get_weather", {"city": "Oslo"}), ("c2", "get_weather", {"city": "Rome"})), "calls")


def _turn(*files: str, calls: int = 0) -> Turn:
    made = [Call(f"call_{one}", "get_weather", {"city": "Oslo"}, f"result {one}", False) for one in range(calls)]
    return Turn(["asked in words"], list(files), "answered in words", "", "", made)


_REQUESTS: Final[Mapping[str, tuple[Conversation, tuple[str, ...]]]] = {
    "chat": (Conversation("ruled in words", [_turn()], "And?", [], None),
             ("ruled in words", "asked in words", "answered in words", "And?")),
    "tools": (Conversation("", [_turn(calls=1)], "And?", [_TOOL], "auto"), ("get_weather", "unit", "result 0")),
    "parallel tools": (Conversation("", [_turn(calls=2)], "And?", [_TOOL], "auto"), ("unit", "result 0", "result 1")),
    "vision": (Conversation("", [_turn("image")], "And?", [], None), (PNG,)),
    "documents": (Conversation("", [_turn("pdf")], "And?", [], None), (PDF,)),
    "structured output": (Conversation("", [_turn()], "And?", [], None, {"schema": _SCHEMA}), ("wanted_field",)),
}  # fmt: skip
"""Conversations, and what of each has to arrive at the service."""
FEATURES: Final = ("chat", "stream", "tools", "parallel tools", "vision", "documents", "thinking", "structured output",
                   "usage", "errors")  # fmt: skip


def row(client: str, service: str) -> dict[str, str]:
    """The outcome of each feature for a client of this service."""
    if _is_passed(client, service):
        return dict.fromkeys(FEATURES, PASSED)
    found = {name: _sent(client, service, *_REQUESTS[name]) for name in _REQUESTS}
    writers = own_writers().get(service) or WRITERS[_OF_RULES[SERVICES[service][2]]]
    found["errors"] = _error(client, service)
    whole = _whole(client, service, writers[0](_SAID))
    text = json.dumps(whole)
    found["thinking"] = _said("thought about it" in text)
    found["usage"] = _said(any(value for name, value in (whole["usage"] or {}).items() if name.endswith("tokens")))
    streamed = _streamed(client, service, (writers[1] or writers[0])(_SAID), streams=writers[1] is not None)
    found["stream"] = _said("said in words" in "".join(streamed))
    for name, one in (("chat", "said in words" in text), ("tools", "get_weather" in text)):
        found[name] = found[name] if one else NO
    both = json.dumps(_whole(client, service, writers[0](_BOTH)))
    if not ("Oslo" in both and "Rome" in both):
        found["parallel tools"] = NO
    return found


def _said(carried: bool) -> str:
    return YES if carried else NO


def _is_passed(client: str, service: str) -> bool:
    written = WRITTEN[client](_REQUESTS["chat"][0], "m")
    result = converted(service, client, written)
    as_it_is = client == "openai" and _OF_RULES.get(SERVICES[service][2]) == "openai"
    return result is None or as_it_is


def _sent(client: str, service: str, conversation: Conversation, marks: tuple[str, ...]) -> str:
    try:
        result = converted(service, client, WRITTEN[client](conversation, "m"))
    except ApiError:
        return REFUSED
    assert result is not None
    assert request_problems(SERVICES[service][2], result[1]) == [], (client, service)
    text = json.dumps(result[1], ensure_ascii=False)
    return _said(all(mark in text for mark in marks))


def _whole(client: str, service: str, body: bytes) -> Json:
    exchange, protocol = exchange_of(client, service, stream=False)
    pivot = protocol.response(exchange, json.loads(body))
    client_terms.restore(exchange, pivot)
    document = exchange.client.response(exchange, pivot)
    assert answer_problems(client, document) == [], (client, service)
    return document


def _streamed(client: str, service: str, body: bytes, *, streams: bool) -> list[str]:
    exchange, protocol = exchange_of(client, service, stream=True)
    if streams:
        got = ConvertedStream(exchange, protocol).feed(body, last=True)
    else:
        got = from_answer(exchange, protocol.response(exchange, json.loads(body)))
    data = [one for one, _ in parse_events(got)]
    assert stream_problems(client, data) == [], (client, service)
    return data


def _error(client: str, service: str) -> str:
    config, model, _ = SERVICES[service]
    body = WRITTEN[client](_REQUESTS["chat"][0], "m")
    refusal = answer({"error": {"message": "too many requests", "code": 429}}, 429)
    outcome = ask({**config, "modelMapping": {"*": model}}, body, refusal, path=PATHS[client])
    assert error_problems(client, outcome.json) == [], (client, service)
    return _said(outcome.status == 429 and "too many requests" in json.dumps(outcome.json))


def table(client: str) -> dict[str, dict[str, str]]:
    return {service: row(client, service) for service in SERVICES}
