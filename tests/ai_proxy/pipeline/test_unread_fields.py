"""What a service answers is never lost silently: unread fields are declared, and named in the log."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.ai_proxy.gateway import RUNNING, Json
from tests.ai_proxy.natives import BEDROCK

from ai_proxy import providers
from ai_proxy.pipeline import bodies, client_protocols, documents, unread_fields
from ai_proxy.pipeline.streams import new_writer
from ai_proxy.protocols.anthropic import client as anthropic_client
from ai_proxy.protocols.exchange import ClientProtocol
from ai_proxy.protocols.exchange import Exchange as At
from ai_proxy.protocols.openai import service as openai_service
from ai_proxy.protocols.responses import client as responses_client
from ai_proxy.protocols.stream_writer import StreamWriter
from ai_proxy.providers.row import Provider
from ai_proxy.wire import apis
from ai_proxy.wire.errors import ApiError
from proxywasm.wire import LogLevel
from proxywasm_host.recordings import exchange as recordings
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.testing import TestHost, request, response

FOLDERS = [Path(__file__).parents[2] / name for name in ("conformance", "recordings")]

MADE_UP = {"x"}
"""Fields that recordings have although no service does."""


Unread = tuple[tuple[str, str], set[str]]


def of_service(entry: Exchange) -> Unread | None:
    """The provider and the API, and the fields that its protocol does not read of a recorded answer."""
    exchange = prepared(entry)
    if exchange is None or (service := exchange[1].row.dialect.protocols.get(exchange[0].api)) is None:
        return None
    name = exchange[1].row.name, exchange[0].api
    watch = unread_fields.Watch({})
    try:
        if is_stream(entry):
            events = unread_fields.WatchingEvents(service, {})
            watch = events.watch
            convert(entry, exchange[0], service, events)
        else:
            seen = unread_fields.Watched(whole(entry))
            unread_fields.plain(service.response(exchange[0], seen))
            watch.note(seen)
    except (ApiError, ValueError):
        return None  # An error, or an answer that is cut: the client gets an error.
    return name, watch.unread


def of_client(entry: Exchange, client: ClientProtocol) -> set[str]:
    """The fields of a recorded answer that this client would not get."""
    exchange = prepared(entry)
    if exchange is None or exchange[0].api != apis.CHAT:
        return set()
    at, provider = exchange
    at.client = client
    at.client_state = {}
    service = provider.row.dialect.protocols.get(apis.CHAT, openai_service)
    watches = [unread_fields.Watch({})]
    try:
        if is_stream(entry):
            writer = unread_fields.WatchingWriter(client, client.new_writer(at))
            events = unread_fields.WatchingEvents(service, {})
            watches = [writer.watch, *([events.watch] if service is openai_service else [])]
            convert(entry, at, service, events, writer)
        else:
            answer = service.response(at, whole(entry))
            unread_fields.client_answer(client, at, answer, watches[0])
    except (ApiError, ValueError):
        return set()
    return set().union(*(watch.unread for watch in watches))


def prepared(entry: Exchange) -> tuple[At, Provider] | None:
    """The exchange when its answer comes, and its provider; None: no answer is converted."""
    try:
        given = json.loads(entry.config)["provider"]
        provider = providers.build(given, "provider", log_warnings=False)
        sent = json.loads(b"".join(entry.request.body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # The exchange is about a configuration or a body that is refused.
    headers = dict(entry.response.headers) if entry.response else {}
    if given.get("protocol") == "original" or headers.get(":status") != "200" or not isinstance(sent, dict):
        return None
    exchange = client_protocols.new_exchange(provider, apis.classify(dict(entry.request.headers)[":path"]))
    try:
        bodies.prepare(provider, exchange, sent)
    except ApiError:
        return None
    return exchange, provider


def is_stream(entry: Exchange) -> bool:
    return entry.response is not None and "stream" in dict(entry.response.headers).get("content-type", "")


def whole(entry: Exchange) -> Json:
    assert entry.response is not None
    return documents.of_answer(b"".join(entry.response.body))


def convert(entry: Exchange, exchange: At, service: Any, events: Any, writer: StreamWriter | None = None) -> None:
    assert entry.response is not None
    decoder, state, writer = service.decoder(), service.new_state(exchange), writer or new_writer(exchange)
    for event in [event for chunk in entry.response.body for event in decoder.feed(chunk)]:
        if event.data != "[DONE]":
            events(exchange, state, event, documents.of_event(event.data), writer)


@cache
def all_unread() -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for folder in FOLDERS:
        for file in sorted(folder.rglob("*.json")):
            for entry in recordings.load(file):
                if (one := of_service(entry)) is not None:
                    found[one[0]] |= one[1]
    return found


@pytest.mark.parametrize("client", [anthropic_client, responses_client], ids=["anthropic", "responses"])
def test_each_field_that_a_client_of_another_protocol_does_not_get_is_declared_with_its_reason(client: Any) -> None:
    found: set[str] = set()
    for folder in FOLDERS:
        for file in sorted(folder.rglob("*.json")):
            for entry in recordings.load(file):
                found |= of_client(entry, client)
    assert {path for path in found - MADE_UP if not unread_fields.reason_of(path, client.dropped)} == set()


def dropped(name: str, api: str) -> dict[str, str]:
    rows = [row for row in providers.ROWS if row.name == name and api in row.dialect.protocols]
    return {path: why for row in rows for path, why in row.dialect.dropped.get(api, {}).items()}


def test_each_field_of_a_recorded_answer_that_is_not_read_is_declared_with_its_reason() -> None:
    assert len(all_unread()) > 10, "most of the services with protocols of their own have recordings"
    undeclared = {
        key: missing
        for key, paths in all_unread().items()
        if (missing := {path for path in paths - MADE_UP if not unread_fields.reason_of(path, dropped(*key))})
    }
    assert undeclared == {}


@pytest.mark.parametrize("row", [row for row in providers.ROWS if row.dialect.dropped], ids=lambda row: row.name)
def test_declarations_are_about_apis_that_the_row_converts(row: Any) -> None:
    assert set(row.dialect.dropped) <= set(row.dialect.protocols)
    assert all(why for fields in row.dialect.dropped.values() for why in fields.values())


CHAT: Json = {"model": "amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": "Hi"}]}
ANSWER: Json = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}, {"holograms": {"shown": []}}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 5},
}


def logs(level: LogLevel) -> tuple[str, bytes]:
    host = TestHost(RUNNING.source, {"provider": BEDROCK}, log_level=level)
    stream = host.request(request("POST", "/v1/chat/completions", json=CHAT))
    stream.respond(response(200, json=ANSWER))
    return "\n".join(f"{line}" for line in host.logs), stream.downstream.body


def test_the_log_names_what_is_dropped_at_the_level_debug() -> None:
    lines, answered = logs(LogLevel.DEBUG)
    assert "metrics of the answer is dropped: " in lines
    assert "output.message.content[].holograms of the answer is dropped: the protocol does not know it" in lines
    quiet, same = logs(LogLevel.INFO)
    assert "dropped" not in quiet
    assert json.loads(answered)["choices"] == json.loads(same)["choices"]


SERVICE: Json = {"type": "moonshot", "apiTokens": ["sk-service-credential"]}
SPOKEN: Json = {"role": "assistant", "content": "Hi", "audio": {"id": "a"}, "x_mood": "calm"}
USED: Json = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "x_carbon": 3}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", {"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}),
        ("/v1/responses", {"input": "Hi"}),
    ],
    ids=["anthropic", "responses"],
)
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_the_log_names_what_clients_of_other_protocols_do_not_get(path: str, body: Json, streams: bool) -> None:
    answers = {}
    for level in (LogLevel.DEBUG, LogLevel.INFO):
        host = TestHost(RUNNING.source, {"provider": SERVICE}, log_level=level)
        stream = host.request(request("POST", path, json={"model": "kimi-k2", "stream": streams, **body}))
        head: Json = {"id": "chatcmpl-1", "created": 1, "model": "kimi-k2", "x_region": "eu"}
        end: Json = {"finish_reason": "stop", "index": 0}
        if streams:
            events = [{**head, "choices": [{"index": 0, "delta": SPOKEN}]}, {**head, "choices": [{"delta": {}, **end}]}]
            events.append({**head, "choices": [], "usage": USED})
            sent = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
            stream.respond(response(200, body=sent.encode(), headers=[("content-type", "text/event-stream")]))
        else:
            stream.respond(response(200, json={**head, "choices": [{"message": SPOKEN, **end}], "usage": USED}))
        answers[level] = stream.downstream.body, [line.message for line in host.logs if " is dropped: " in line.message]
    told = answers[LogLevel.DEBUG][1]
    for field in ("choices[].message.x_mood", "usage.x_carbon", "x_region"):
        assert f"{field} of the answer is dropped: the protocol does not know it" in told
    assert any(line.startswith("choices[].message.audio of the answer is dropped: ") for line in told)
    assert len(told) == len(set(told)), "each field is named once"
    assert answers[LogLevel.INFO][1] == []
    assert b"Hi" in answers[LogLevel.INFO][0]


def test_an_object_that_is_passed_on_counts_as_read() -> None:
    seen = unread_fields.Watched({"a": {"b": [{"c": 1}]}, "d": 2})
    assert unread_fields.plain(seen) == {"a": {"b": [{"c": 1}]}, "d": 2}
    assert list(seen.unread()) == []
    looked = unread_fields.Watched({"a": {"b": [{"c": 1, "x": 1}]}, "d": {"e": 2}})
    assert looked["a"]["b"][0].get("c") == 1
    assert list(looked.unread()) == ["a.b[].x", "d"]
