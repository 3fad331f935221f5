"""For any bytes from upstream, each provider and each client: a valid answer, or an error in the client's format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

import pytest
from tests.ai_proxy.gateway import Json, Outcome, answer, ask, events
from tests.ai_proxy.grammar import chat_error, claude_error
from tests.ai_proxy.natives import RECORDED

from ai_proxy import providers
from ai_proxy.wire import apis
from proxywasm import ConfigError
from proxywasm_host.recordings import exchange
from proxywasm_host.recordings.bodies import parse_events

OPENAI, CLAUDE = "/v1/chat/completions", "/v1/messages"


def configured() -> dict[str, Json]:
    """A configuration for each kind of provider, as recorded; without those that have to log in first."""
    found: dict[str, Json] = {}
    for file in sorted(RECORDED.glob("*/*.json")):
        for entry in exchange.load(file):
            config = entry.raw["config"]
            config = config.get("provider") if isinstance(config, dict) else None
            if isinstance(config, dict) and set(config) <= _PLAIN and _serves_chats(config):
                found.setdefault(_kind(config), {**config, "modelMapping": {"*": "Pro"}})
    return found


# What tells the kinds of one provider apart, and what else a plain configuration has.
_KINDS = {"qwenEnableCompatible", "minimaxApiType", "hunyuanAuthId", "claudeCodeMode", "awsAccessKey", "botType"}
_PLAIN = _KINDS | {
    "type", "apiTokens", "modelMapping", "minimaxGroupId", "hunyuanAuthKey", "awsRegion", "awsSecretKey",
    "inputVariable", "outputVariable", "azureServiceUrl", "targetLang", "tritonDomain", "ollamaServerHost",
    "ollamaServerPort", "cloudflareAccountId", "vllmServerHost",
}  # fmt: skip


def _kind(config: Json) -> str:
    return " ".join([str(config.get("type")), *(str(config[name])[:10] for name in sorted(_KINDS & set(config)))])


def _serves_chats(config: Json) -> bool:
    try:
        return apis.CHAT in providers.build(config, "provider").paths
    except ConfigError:
        return False


PROVIDERS = configured()
CONVERTED = {row.name for row in providers.ROWS if apis.CHAT in row.dialect.protocols}

BROKEN = [
    b"", b" ", b"null", b"[]", b"5", b'"text"', b"{", b"<html><title>busy</title></html>", b"\xff\xfe", b"[" * 5000,
]  # fmt: skip
ODD: list[Json] = [
    {}, {"choices": None}, {"choices": []}, {"choices": [None]}, {"choices": [{}]}, {"choices": [{"message": None}]},
    {"choices": [{"message": {"content": 5, "tool_calls": 5}, "delta": 5}], "usage": 5},
    {"error": {"message": "no", "code": 429}}, {"error": "no"}, {"code": "Throttling", "message": "no"},
    {"message": "no"}, {"base_resp": {"status_code": 1002}}, {"Response": {"Error": {"Code": "x", "Message": "no"}}},
    {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}, {"output": None}, {"content": [5]},
    {"candidates": 5}, {"candidates": [{"content": {"parts": [5]}}]}, {"translations": [5]}, {"answer": 5},
]  # fmt: skip


def chat(path: str, *, stream: bool) -> Json:
    body: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    return {**body, "max_tokens": 9} if path == CLAUDE else body


def is_converted(config: Json, path: str) -> bool:
    """Others get from upstream whatever looks like their protocol."""
    provider = providers.build(config, "provider")
    of_client = path == CLAUDE and apis.MESSAGES not in provider.paths
    return of_client or (path == OPENAI and apis.CHAT in provider.row.dialect.protocols)


def in_the_clients_terms(outcome: Outcome, path: str) -> None:
    assert outcome.headers["content-type"] == "application/json"
    (claude_error if path == CLAUDE else chat_error)(outcome.json)


def paths_of(config: Json) -> Iterator[str]:
    """Providers that have the API themselves answer without a conversion."""
    yield OPENAI
    provider = providers.build(config, "provider")
    if apis.MESSAGES not in provider.paths and not provider.row.dialect.native_clients:
        yield CLAUDE


def test_every_provider_whose_chats_are_converted_is_here() -> None:
    """Those whose chats are passed on do not differ from each other."""
    assert {config["type"] for config in PROVIDERS.values()} >= CONVERTED
    assert "openai" in PROVIDERS


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_invalid_answer_is_an_error(name: str) -> None:
    config = PROVIDERS[name]
    for path in paths_of(config):
        for raw in [*BROKEN, *(json.dumps(one).encode() for one in ODD)]:
            outcome = ask(config, chat(path, stream=False), answer(raw), path=path)
            if outcome.status >= 400:
                in_the_clients_terms(outcome, path)
            else:
                assert raw not in BROKEN
                assert isinstance(outcome.json, dict)


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_invalid_event_ends_a_stream_with_an_error(name: str) -> None:
    config = PROVIDERS[name]
    for path in paths_of(config):
        documents: list[object] = [*ODD, None, 5, []]
        chunks = [*BROKEN, *(b"data: " + json.dumps(one).encode() + b"\n\n" for one in documents)]
        for chunk in [*chunks, b"data: {\n\n", b"data\n\n", b": ping\n\n", b"event: x\nid: 5\n\n", b"data: [DONE]\n\n"]:
            outcome = ask(config, chat(path, stream=True), events(chunk, b""), path=path)
            if outcome.status >= 400:
                in_the_clients_terms(outcome, path)
                continue
            received = [data for data, _ in parse_events(outcome.raw)]
            for data in received:
                assert not is_converted(config, path) or data == "[DONE]" or isinstance(json.loads(data), dict)
            failures = [place for place, data in enumerate(received) if '"error":{' in data.replace(" ", "")]
            assert failures in ([], [len(received) - 1]), "nothing follows an error"


STATUSES = (400, 401, 403, 404, 408, 413, 422, 429, 500, 503, 529)
ERRORS = [b"", b"no", b"<html>no</html>", b"{", *(json.dumps(one).encode() for one in ODD[7:15])]
EVERY = [*product(STATUSES, ERRORS)]
SOME = EVERY[::5]
"""The number of bodies has no divisor in common with the step: each status has two or three bodies, and the next status
others."""


@pytest.mark.parametrize("errors", [SOME, pytest.param(EVERY, marks=pytest.mark.exhaustive)], ids=["some", "every"])
@pytest.mark.parametrize("name", PROVIDERS)
def test_errors_keep_their_status_and_get_the_clients_format(name: str, errors: list[tuple[int, bytes]]) -> None:
    config = PROVIDERS[name]
    for path in paths_of(config):
        for status, raw in errors:
            outcome = ask(config, chat(path, stream=status == 429), answer(raw, status, retry_after="3"), path=path)
            assert outcome.status == status
            assert outcome.headers["retry-after"] == "3"
            in_the_clients_terms(outcome, path)
