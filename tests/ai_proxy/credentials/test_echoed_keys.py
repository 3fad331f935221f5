"""No credential that a service repeats reaches the client or the log, in any part of the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame
from tests.fuzz.credentials import all_escaped, as_json, in_a_url, mixed, readings
from tests.test_conformance import FILES

from ai_proxy.config.settings import Settings
from ai_proxy.plugin import make
from ai_proxy.protocols.bedrock.aws_event_stream import cut_frames
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.providers.row import Addressing, Credentials, Dialect, OwnKey, Row
from ai_proxy.wire import apis
from ai_proxy.wire.json import Json
from proxywasm_host.recordings import bodies
from proxywasm_host.recordings.exchange import Exchange as Recorded
from proxywasm_host.recordings.exchange import Message
from proxywasm_host.recordings.replay import Session, replay
from proxywasm_host.testing import PluginFailedError, TestHost, chat_request

KEY = "sk-echo/Ab+9=x8w7v6u5t4s3r2q1p0"
SECRETS = ("apiTokens", "awsAccessKey", "awsSecretKey", "hunyuanAuthId", "hunyuanAuthKey", "klingSecretKey")
NOT_PROVIDERS = "config-"
"""Begins the names of exchanges that are about configurations, good and bad."""
TEXTS = (
    "content|Content|text|answer|message|msg|detail|error_msg|reasoning_content|Message|ErrorMsg|generated_text|"
    "text_output|url|id|model"
)
_PLACE = re.compile(rf'("(?:{TEXTS})"\s*:\s*")'.encode())
_SIGNED = re.compile(r"Signature=(.+)")


def provider_of(config: str) -> dict[str, Any] | None:
    """None: there is not just one."""
    try:
        provider = json.loads(config).get("provider")
    except ValueError:
        return None
    return provider if isinstance(provider, dict) else None


def kinds() -> dict[str, Recorded]:
    """One of each provider, client protocol, and kind of answer that has been recorded."""
    found: dict[str, Recorded] = {}
    for exchange in (one for file in FILES for one in file):
        provider = provider_of(exchange.config)
        if exchange.response is None or provider is None or exchange.name.startswith(NOT_PROVIDERS):
            continue
        if exchange.raw["expect"].get("start") != "ok":
            continue
        headers = dict(exchange.response.headers)
        path = dict(exchange.request.headers)[":path"].partition("?")[0]
        parts = (
            provider.get("type"),
            provider.get("protocol", "openai"),
            path.endswith("/messages"),
            headers.get("content-type", "").partition(";")[0],
            headers[":status"][0],
        )
        found.setdefault(" ".join(map(str, parts)), exchange)
    return found


KINDS = kinds()


def with_long_keys(config: str) -> str:
    document = json.loads(config)
    provider = document["provider"]
    if tokens := provider.get("apiTokens"):
        provider["apiTokens"] = [KEY, *(f"{KEY}{number}" for number in range(1, len(tokens)))]
    return json.dumps(document)


def sent_secrets(exchange: Recorded, session: Session) -> list[str]:
    """The credentials that the service received, and those that are only in the configuration."""
    provider = json.loads(exchange.config)["provider"]
    found: list[str] = []
    for name in SECRETS:
        value = provider.get(name, ())
        found += [value] if isinstance(value, str) else value
    upstream = replay(exchange, session)["upstream"] or {"headers": []}
    headers = dict(upstream["headers"])
    authorization = headers.get("authorization", "")
    if signed := _SIGNED.search(authorization):
        found.append(signed[1])
    elif authorization.startswith("Bearer "):
        found.append(authorization.removeprefix("Bearer "))
    found += parse_qs(urlsplit(headers.get(":path", "")).query).get("key", [])
    return [secret for secret in dict.fromkeys(found) if len(secret) >= 8]


WAYS = (as_json, all_escaped, mixed, in_a_url)


def echoed(data: bytes, text: str) -> bytes:
    """The body with this text in each of its texts."""

    def more(body: bytes) -> bytes:
        return _PLACE.sub(lambda place: place[1] + text.encode() + b" ", body)

    buffer = bytearray(data)
    try:
        frames = cut_frames(buffer)
    except ValueError:
        return more(data)
    return b"".join(map(more_in_frame(more), frames)) if frames else more(data)


def more_in_frame(more: Any) -> Any:
    def change(given: bytes) -> bytes:
        end = 12 + int.from_bytes(given[4:8], "big")
        return frame(more(given[end:-4]), given[12:end])

    return change


def seen_by_the_client(result: dict[str, Any]) -> str:
    answer = result["local_reply"] or result["downstream"]
    fields = "\n".join(f"{name}: {value}" for name, value in answer["headers"])
    return fields + "\n" + bodies.join(answer["body"]).decode(errors="replace") + "\n" + "\n".join(result["logs"])


@pytest.mark.parametrize("kind", KINDS)
def test_no_service_gets_a_credential_to_the_client(kind: str, session: Session, flavour: str) -> None:
    exchange = KINDS[kind]
    exchange = replace(exchange, config=with_long_keys(exchange.config))
    assert exchange.response
    secrets = sent_secrets(exchange, session)
    headers = [(name, value) for name, value in exchange.response.headers if name != "content-length"]
    ways = WAYS if flavour == "native" else [mixed]
    for way in ways:
        text = " ".join(map(way, secrets))
        body = echoed(b"".join(exchange.response.body), text)
        chunks = tuple(body[at : at + 37] for at in range(0, len(body), 37))
        answer = Message([*headers, ("x-debug", f"key {text}")], chunks)
        result = replay(replace(exchange, response=answer), session)
        for reading in readings(seen_by_the_client(result)):
            for secret in secrets:
                assert secret not in reading, way.__name__


def test_all_providers_are_among_them() -> None:
    assert len({kind.partition(" ")[0] for kind in KINDS}) >= 36


def test_an_unexpected_failure_shows_no_credential() -> None:
    """The message of an exception may contain one, here of a foreign provider."""

    def fail(exchange: Exchange, body: Json) -> bool:
        raise KeyError(f"no such key: {exchange.secrets.token}")

    row = Row(
        name="own",
        addressing=Addressing(host="own.example", paths={apis.CHAT: "/chat"}),
        dialect=Dialect(edits={apis.CHAT: fail}),
    )
    host = TestHost(make([row]), {"provider": {"type": "own", "apiTokens": [KEY]}})
    with pytest.raises(PluginFailedError) as failed:
        host.request(chat_request("Hi"))
    assert "KeyError: 'no such key: ***'" in str(failed.value)
    assert KEY not in str(failed.value)


@pytest.mark.parametrize("place", ["", "rule"])
def test_nor_does_one_while_the_configuration_is_read(place: str) -> None:
    """There is no scrubber for its credentials yet."""

    def fail(settings: Settings) -> Mapping[str, str]:
        raise KeyError(f"no such key: {settings.api_tokens[0]}")

    row = Row(
        name="own",
        addressing=Addressing(host="own.example", paths={apis.CHAT: "/chat"}),
        dialect=Dialect(headers=fail),
    )
    own = {"provider": {"type": "own", "apiTokens": [KEY]}}
    config = {"_rules_": [{"_match_route_": "a", **own}]} if place else own
    with pytest.raises(PluginFailedError) as failed:
        TestHost(make([row]), config)
    assert KEY not in str(failed.value)
    assert "KeyError: <its message is not shown>" in str(failed.value)
    assert "in fail" in str(failed.value)


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"])
def test_nor_does_one_tell_the_clients_own(header: str) -> None:
    """With `OwnKey.USED` it is in the exchange, with `OwnKey.KEPT` in its header, otherwise it is removed."""
    key = "key-of-a-client-0123"

    def fail(exchange: Exchange, body: Json) -> bool:
        raise KeyError(f"no such key: {key}, {exchange.secrets.token}")

    for own_key in OwnKey:
        row = Row(
            name="own",
            addressing=Addressing(host="own.example", paths={apis.CHAT: "/chat"}),
            credentials=Credentials(own_key=own_key, token_required=False),
            dialect=Dialect(edits={apis.CHAT: fail}),
        )
        host = TestHost(make([row]), {"provider": {"type": "own"}}, tolerate_failures=True)
        chat = chat_request("Hi")
        fields = {name: value for name, value in chat.headers if name[:1] != ":"}
        host.request("POST", "/v1/chat/completions", {**fields, header: f"Bearer {key}"}, chat.body)
        (failure,) = host.failures
        assert "KeyError: 'no such key: ***" in str(failure)
        assert key not in str(failure)
