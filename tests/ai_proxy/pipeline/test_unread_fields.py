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
from ai_proxy.wire import apis
from ai_proxy.wire.errors import ApiError
from proxywasm.wire import LogLevel
from proxywasm_host.recordings import exchange as recordings
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.testing import TestHost, request, response

FOLDERS = [Path(__file__).parents[2] / name for name in ("conformance", "recordings")]

MADE_UP = {"x"}
"""Fields that recordings have although no service does."""


def unread(entry: Exchange) -> tuple[str, str, set[str]] | None:
    """The provider, the API and the fields that are read nowhere in a recorded answer; None: it is not converted."""
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
    watch = unread_fields.Watch({})
    try:
        bodies.prepare(provider, exchange, sent)
        service = provider.row.dialect.protocols.get(exchange.api)
        if service is None or entry.response is None:
            return None
        if "stream" in headers.get("content-type", ""):
            events = unread_fields.WatchingEvents(service, {})
            watch, decoder, state, writer = (
                events.watch,
                service.decoder(),
                service.new_state(exchange),
                new_writer(exchange),
            )
            found = [event for chunk in entry.response.body for event in decoder.feed(chunk)]
            for event in found:
                if event.data != "[DONE]":
                    events(exchange, state, event, documents.of_event(event.data), writer)
        else:
            seen = unread_fields.Watched(documents.of_answer(b"".join(entry.response.body)))
            unread_fields.plain(service.response(exchange, seen))
            watch.note(seen)
    except (ApiError, ValueError):
        return None  # An error, or an answer that is cut: the client gets an error.
    return provider.row.name, exchange.api, watch.unread


@cache
def all_unread() -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for folder in FOLDERS:
        for file in sorted(folder.rglob("*.json")):
            for entry in recordings.load(file):
                if (one := unread(entry)) is not None:
                    found[one[:2]] |= one[2]
    return found


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
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}, {"citationsContent": {"citations": []}}]}},
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
    assert "output.message.content[].citationsContent of the answer is dropped: the protocol does not know it" in lines
    quiet, same = logs(LogLevel.INFO)
    assert "dropped" not in quiet
    assert json.loads(answered)["choices"] == json.loads(same)["choices"]


def test_an_object_that_is_passed_on_counts_as_read() -> None:
    seen = unread_fields.Watched({"a": {"b": [{"c": 1}]}, "d": 2})
    assert unread_fields.plain(seen) == {"a": {"b": [{"c": 1}]}, "d": 2}
    assert list(seen.unread()) == []
    looked = unread_fields.Watched({"a": {"b": [{"c": 1, "x": 1}]}, "d": {"e": 2}})
    assert looked["a"]["b"][0].get("c") == 1
    assert list(looked.unread()) == ["a.b[].x", "d"]
