"""Whatever a service says, its client gets what the client's protocol allows, and another service can go on with it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.service_answers import OUTPUT, TOOLS, WRITERS, Said, said
from tests.ai_proxy.told import Told, of_answer, of_stream
from tests.ai_proxy.validated import OPENAIS, PATHS, SERVICES, converted

from ai_proxy import providers
from ai_proxy.pipeline import bodies, client_protocols, client_terms
from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.protocols.interface import AnyServiceProtocol
from ai_proxy.protocols.openai import service as openai_chat
from ai_proxy.wire import apis
from ai_proxy_testing import answer_problems, request_problems, stream_problems
from ai_proxy_testing.conversations import (
    Call,
    Conversation,
    Turn,
    anthropic_request,
    openai_request,
    responses_request,
)
from proxywasm_host.recordings.bodies import parse_events

KINDS = {
    "moonshot": "openai", "mistral": "openai", "claude": "anthropic", "vertex-claude": "anthropic", "gemini": "google",
    "vertex": "google", "bedrock": "bedrock", "cohere": "cohere", "dashscope": "dashscope",
}  # fmt: skip
NATIVE = {"openai": {"moonshot", "mistral"}, "anthropic": {"claude", "vertex-claude", "dashscope"}, "responses": set()}
"""Services that speak the client's protocol themselves: their answers are passed on."""
WRITTEN = {"openai": openai_request, "anthropic": anthropic_request, "responses": responses_request}
SIGNING = {"claude", "vertex-claude", "bedrock"}
"""Services whose models sign their thinking, or encrypt it."""
STRICT = {"mistral", "openai-strict", "cerebras"}
"""Rules of services that refuse the reasoning of other services."""
PAIRS = [(client, service) for client in PATHS for service in KINDS if service not in NATIVE[client]]


def exchange_of(client: str, service: str, *, stream: bool) -> tuple[Exchange, AnyServiceProtocol]:
    config, model, _ = SERVICES[service]
    provider = providers.build({**config, "modelMapping": {"*": model}}, "provider")
    exchange = client_protocols.new_exchange(provider, apis.classify(PATHS[client]))
    body: Json = {"model": "m", "stream": stream, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    if client == "responses":
        body = {"model": "m", "stream": stream, "input": "Hi"}
        body["tools"] = [{"type": "function", "name": name} for name in TOOLS]
    elif client == "openai":
        body["tools"] = [{"type": "function", "function": {"name": name}} for name in TOOLS]
        body |= {"stream_options": {"include_usage": True}} if stream else {}
    else:
        body["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in TOOLS]
    prepared, _ = bodies.prepare(provider, exchange, body)
    protocol = provider.row.dialect.protocols.get(exchange.api, openai_chat)
    protocol.request(exchange, prepared)
    exchange.answer.id = "aws-1"
    return exchange, protocol


def by_service(exchange: Exchange, one: Said) -> Said:
    """With the service's names of the tools."""
    names = {client: fitting for fitting, client in exchange.tool_names.items()}
    calls = tuple((call_id, names.get(name, name), arguments) for call_id, name, arguments in one.calls)
    return replace(one, calls=calls)


def whole(client: str, service: str, one: Said) -> Json:
    exchange, protocol = exchange_of(client, service, stream=False)
    answer = protocol.response(exchange, json.loads(WRITERS[KINDS[service]][0](by_service(exchange, one))))
    client_terms.restore(exchange, answer)
    return exchange.client.response(exchange, answer)


def streamed(client: str, service: str, one: Said) -> list[str]:
    exchange, protocol = exchange_of(client, service, stream=True)
    stream = ConvertedStream(exchange, protocol)
    written = WRITERS[KINDS[service]][1](by_service(exchange, one))
    return [data for data, _ in parse_events(stream.feed(written, last=True))]


def check(client: str, service: str, one: Said) -> None:
    answer, events = whole(client, service, one), streamed(client, service, one)
    assert answer_problems(client, answer) == []
    assert stream_problems(client, events) == []
    told, told_in_pieces = of_answer(client, answer), of_stream(client, events)
    assert _known_ids(told, one) == _known_ids(told_in_pieces, one)
    assert told.text == one.text
    assert told.thinking == one.reasoning
    assert [(name, arguments) for _, name, arguments in told.calls] == [call[1:] for call in one.calls]
    assert (told.prompt, told.cached, told.output) == (one.prompt, one.cached, OUTPUT)
    assert told.end == _end(one)
    if service in SIGNING:
        assert (told.signature, told.redacted) == ("s" if one.reasoning else "", one.redacted)


def _known_ids(told: Told, one: Said) -> Told:
    """Without the ids that the gateway has made, because the service gives none."""
    calls = [(call[0] if said[0] else "", *call[1:]) for call, said in zip(told.calls, one.calls, strict=True)]
    return replace(told, calls=calls)


def _end(one: Said) -> str:
    if one.end in {"length", "blocked"}:
        return one.end
    return "calls" if one.calls else "end"


@pytest.mark.parametrize(("client", "service"), PAIRS)
@settings(max_examples=8)
@given(one=said())
def test_a_converted_answer_keeps_the_rules_of_its_client(client: str, service: str, one: Any) -> None:
    check(client, service, one)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("client", "service"), PAIRS)
@settings(max_examples=500)
@given(one=said())
def test_many_converted_answers_keep_the_rules_of_their_client(client: str, service: str, one: Any) -> None:
    check(client, service, one)


def turn(client: str, answer: Json, results: dict[str, str]) -> list[Json]:
    """An answer as the client sends it back, with the results of its calls."""
    if client == "anthropic":
        results_of_calls = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": results[block["name"]]}
            for block in answer["content"]
            if block["type"] == "tool_use"
        ]
        content = answer["content"] or [{"type": "text", "text": "nothing"}]
        return [{"role": "assistant", "content": content}, {"role": "user", "content": results_of_calls or "Go on."}]
    if client == "responses":
        called = [item for item in answer["output"] if item["type"] == "function_call"]
        outputs = [{"type": "function_call_output", "call_id": one["call_id"], "output": "r"} for one in called]
        return [*answer["output"], *outputs]
    message = answer["choices"][0]["message"]
    calls = message.get("tool_calls") or []
    return [message, *({"role": "tool", "tool_call_id": one["id"], "content": "r"} for one in calls)]


def switched(client: str, services: tuple[str, str], one: Said) -> None:
    first, second = services
    answered = whole(client, first, one)
    messages = [{"role": "user", "content": "Hi"}, *turn(client, answered, dict.fromkeys([*TOOLS, *one.names], "r"))]
    messages.append({"role": "user", "content": "And?"})
    body: Json = {"model": "m", "max_tokens": 4096, "messages": messages}
    if client == "responses":
        body = {"model": "m", "max_output_tokens": 4096, "input": messages}
    check_request(second, client, body)


def check_request(service: str, client: str, body: Json) -> None:
    result = converted(service, client, body)
    rules = SERVICES[service][2]
    problems = [] if result is None else request_problems(rules, result[1])
    if client == "openai" and rules in OPENAIS:
        of_others = r"\S*(id|reasoning\w*|thinking_blocks): " if rules in STRICT else r"\S*id: "
        problems = [one for one in problems if re.match(of_others, one)]
    assert problems == []


@pytest.mark.parametrize(("client", "service"), PAIRS)
@settings(max_examples=8)
@given(one=said(), other=st.sampled_from(sorted(SERVICES)))
def test_a_conversation_survives_a_switch_of_service(client: str, service: str, one: Any, other: str) -> None:
    switched(client, (service, other), one)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("client", "service"), PAIRS)
@settings(max_examples=600)
@given(one=said(), other=st.sampled_from(sorted(SERVICES)))
def test_many_conversations_survive_a_switch_of_service(client: str, service: str, one: Any, other: str) -> None:
    switched(client, (service, other), one)


def moved(clients: tuple[str, str], services: tuple[str, str], one: Said) -> None:
    """An application goes on in another client protocol, with what it has been told in the first."""
    told = of_answer(clients[0], whole(clients[0], services[0], one))
    signature = told.signature if clients[0] == "anthropic" else ""
    calls = [Call(*call, "r", False) for call in told.calls]
    turn = Turn(["Hi"], [], told.text, told.thinking, signature, calls, redacted=bool(told.redacted))
    conversation = Conversation("", [turn], "And?", [(name, None) for name in TOOLS], None)
    check_request(services[1], clients[1], WRITTEN[clients[1]](conversation, "m"))


CLIENT_PAIRS = [(first, second) for first in PATHS for second in PATHS if first != second]
FIRST = st.sampled_from(sorted(KINDS))
OTHERS = st.sampled_from(sorted(SERVICES))


@pytest.mark.parametrize("clients", CLIENT_PAIRS, ids="-".join)
@settings(max_examples=8)
@given(one=said(), first=FIRST, other=OTHERS)
def test_a_conversation_survives_a_switch_of_the_client_protocol(
    clients: tuple[str, str], one: Any, first: str, other: str
) -> None:
    assume(first not in NATIVE[clients[0]])
    moved(clients, (first, other), one)


@pytest.mark.exhaustive
@pytest.mark.parametrize("clients", CLIENT_PAIRS, ids="-".join)
@settings(max_examples=2500)
@given(one=said(), first=FIRST, other=OTHERS)
def test_many_conversations_survive_a_switch_of_the_client_protocol(
    clients: tuple[str, str], one: Any, first: str, other: str
) -> None:
    assume(first not in NATIVE[clients[0]])
    moved(clients, (first, other), one)


ANSWER = Said("let me see", "Hello", (("c1", "get_weather", {"city": "Oslo"}), ("c2", "get_weather", {})), "calls")


@pytest.mark.parametrize("client", PATHS)
def test_streams_in_a_wrong_order_are_noticed(client: str) -> None:
    service = "gemini"
    valid = streamed(client, service, ANSWER)
    assert stream_problems(client, valid) == []
    for wrong in (
        valid[1:],
        valid[:-1],
        [*valid, valid[-1]],
        [valid[-1], *valid[:-1]],
        [valid[1], valid[0], *valid[2:]],
    ):
        assert stream_problems(client, wrong), wrong
    for index in range(len(valid)):
        may_repeat = client == "openai" or '"content_block_delta"' in valid[index]  # A text may repeat a piece.
        twice = [*valid[: index + 1], *valid[index:]]
        assert may_repeat or stream_problems(client, twice), valid[index]


@pytest.mark.parametrize("client", PATHS)
def test_answers_without_their_fields_are_noticed(client: str) -> None:
    valid = whole(client, "gemini", ANSWER)
    assert answer_problems(client, valid) == []
    needed = {
        "openai": ("object", "id", "created", "choices"),
        "anthropic": ("type", "id", "model", "content", "usage"),
        "responses": ("object", "id", "status", "output", "tools"),
    }
    for name in needed[client]:
        assert answer_problems(client, {key: value for key, value in valid.items() if key != name}), name
