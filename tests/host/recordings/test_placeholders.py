"""Credentials do not get into recordings, and a recording without them is still replayed in the same way."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.fuzz.credentials import CLIENTS, KEYS, WAYS, in_base64, readings

from ai_proxy.wire.private_key import load
from proxywasm_host.recordings.exchange import CallOut, Exchange, Message, to_json
from proxywasm_host.recordings.masking import LeakError, masked
from proxywasm_host.recordings.masking.alike import alike

CONFIG = {
    "provider": {
        "type": "x", "apiTokens": [*KEYS], "awsSecretKey": "aws-secret-1", "hunyuanAuthId": "hunyuan-id-1",
        "klingAccessKey": "kling-access-1", "limits": {"maxTokens": "1000"},
    }
}  # fmt: skip
SECRETS = (*KEYS, "aws-secret-1", "hunyuan-id-1", "kling-access-1", *(value.split()[-1] for value in CLIENTS.values()))
REQUEST = Message(
    [(":method", "POST"), (":path", "/v1?key=query-secret-1&alt=sse"), (":authority", "a"), *CLIENTS.items()],
    (b'{"messages": [], "api_key": "body-secret-1"}',),
)


def text_of(exchange: Exchange) -> str:
    return json.dumps(to_json(exchange), ensure_ascii=False)


def exchange(*answer: bytes, **changes: object) -> Exchange:
    response = Message([(":status", "200"), ("content-length", str(len(b"".join(answer))))], answer)
    made = Exchange("x", json.dumps(CONFIG), REQUEST, response)
    return replace(made, **changes)  # type: ignore[arg-type]


def texts(value: object) -> Iterator[str]:
    """All texts of a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def read(text: str) -> set[str]:
    """The credentials that somebody finds in a file, or in a text of its document."""
    text += "\n".join(["", *texts(json.loads(text))])
    return {secret for secret in (*SECRETS, "query-secret-1", "body-secret-1")
            for reading in readings(text) if secret in reading}  # fmt: skip


def test_the_test_finds_credentials() -> None:
    assert read(text_of(exchange(b"a"))) == {*SECRETS, "query-secret-1", "body-secret-1"}


@pytest.mark.parametrize("way", [*WAYS, in_base64, str], ids=lambda way: way.__name__)
@pytest.mark.parametrize("key", SECRETS)
def test_no_credential_is_in_a_recording_however_a_service_repeats_it(key: str, way: object) -> None:
    assert callable(way)
    body = f'{{"error": "the key {way(key)} is wrong"}}'.encode()
    for cut in (0, len(body) // 2, len(body) - 20):
        result = masked(exchange(body[:cut], body[cut:]))
        assert not read(text_of(result))
        assert result.response
        whole = b"".join(result.response.body)
        assert dict(result.response.headers)["content-length"] == str(len(whole))
        assert b"is wrong" in whole
        assert whole != body


def test_each_credential_has_its_own_placeholder_everywhere() -> None:
    answer = CallOut("c", "/token", Message([(":status", "200")], (b'{"access_token": "made-token-1"}',)))
    expect = {
        "start": "ok",
        "upstream": {"headers": [["authorization", f"Bearer {KEYS[1]}"], ["x-token", "made-token-1"]], "body": KEYS[2]},
        "downstream": {"headers": [[":status", "200"]], "body": ["a", KEYS[0]]},
        "local_reply": None,
        "callouts": [{"cluster": "c", "headers": [], "body": f"key={KEYS[4]}", "timeout_ms": 1}],
    }
    result = masked(exchange(b"a", callouts=(answer,), raw={"expect": expect}))
    config = json.loads(result.config)["provider"]
    assert config["apiTokens"] == [f"masked-apiTokens-1-{number}" for number in range(1, 6)]
    assert config["limits"] == {"maxTokens": "1000"}
    got = result.raw["expect"]
    assert got["upstream"]["headers"] == [
        ["authorization", "Bearer masked-apiTokens-1-2"], ["x-token", "masked-accesstoken-1"],
    ]  # fmt: skip
    assert got["upstream"]["body"] == "masked-apiTokens-1-3"
    assert got["downstream"]["body"] == ["a", "masked-apiTokens-1-1"]
    assert got["callouts"][0]["body"] == "key=masked-apiTokens-1-5"
    assert result.callouts[0].response
    assert result.callouts[0].response.body == (b'{"access_token": "masked-accesstoken-1"}',)
    assert dict(result.request.headers)[":path"] == "/v1?key=masked-key-1&alt=sse"
    assert dict(result.request.headers)["cookie"] == "session=masked-cookiesession-1"


def test_a_short_credential_is_replaced_where_credentials_are_and_left_where_it_is_a_word() -> None:
    config = {"provider": {"type": "ollama", "apiTokens": ["ollama"]}}
    expect = {
        "start": "ok",
        "upstream": {"headers": [["authorization", "Bearer ollama"]], "body": '{"model": "ollama"}'},
    }
    result = masked(exchange(b"a", config=json.dumps(config), raw={"expect": expect}))
    assert json.loads(result.config)["provider"] == {"type": "ollama", "apiTokens": ["masked-apiTokens-1-1"]}
    assert result.raw["expect"]["upstream"] == {
        "headers": [["authorization", "Bearer masked-apiTokens-1-1"]],
        "body": '{"model": "ollama"}',
    }


def test_a_short_value_of_a_cookie_is_no_credential_elsewhere() -> None:
    request = Message([(":method", "GET"), (":path", "/?lang=en&token=en"), (":authority", "a"), ("cookie", "lang=en")])
    fields = dict(masked(exchange(b"a", request=request)).request.headers)
    assert fields["cookie"] == "lang=masked-token-1"
    assert fields[":path"] == "/?lang=en&token=masked-token-1"


def test_basic_authorization_stays_readable_without_its_password() -> None:
    fields = [*REQUEST.headers, ("authorization", f"Basic {base64.b64encode(b'me:my-password').decode()}")]
    expect = {"start": "ok", "upstream": {"headers": [list(fields[-1])], "body": ""}}
    result = masked(exchange(b"a", request=Message(fields), raw={"expect": expect}))
    (_, value) = result.raw["expect"]["upstream"]["headers"][0]
    assert base64.b64decode(value.removeprefix("Basic ")) == b"me:masked-authorizationBasic-1"
    assert dict(result.request.headers)["authorization"] == value


def test_what_a_plugin_computes_with_a_credential_has_a_mark_that_a_replay_accepts() -> None:
    signature = "a1" * 32
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrZXkifQ.c2lnbmF0dXJlLW9mLXRoaXM"
    value = f"AWS4-HMAC-SHA256 Credential=AKIA/20250101, SignedHeaders=host, Signature={signature}"
    expect = {"start": "ok", "upstream": {"headers": [["authorization", value], ["x-jwt", jwt]], "body": ""}}
    result = masked(exchange(b"a", raw={"expect": expect}))
    (_, got), (_, token) = result.raw["expect"]["upstream"]["headers"]
    assert (got, token) == (value.replace(signature, "masked-signature"), "masked-signature")
    assert alike(got, value.replace(signature, "b2" * 32))
    assert not alike(got, value.replace("20250101", "20250102"))
    assert alike("Bearer masked-apiTokens-1-1", "Bearer masked-apiTokens-1-4")
    assert not alike("Bearer masked-apiTokens-1-1", "Bearer masked-apiTokens-2-1")


def test_a_private_key_is_replaced_by_one_that_works() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
    document = json.dumps({"client_email": "a@b", "private_key": pem})
    result = masked(exchange(b"a", config=json.dumps({"vertexAuthKey": document})))
    account = json.loads(json.loads(result.config)["vertexAuthKey"])
    assert account["client_email"] == "a@b"
    assert load(account["private_key"]).n > 2**1000
    assert "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" not in text_of(result)


def test_names_that_say_nothing_can_be_named() -> None:
    request = Message([*REQUEST.headers, ("x-tenant", "tenant-secret")])
    made = exchange(b"tenant-secret pin-of-four", config='{"pin": "pin-of-four"}', request=request)
    result = masked(made, names=["pin", "X-Tenant"])
    assert "tenant-secret" not in text_of(result)
    assert "pin-of-four" not in text_of(result)


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("gzip", gzip.compress(KEYS[1].encode(), mtime=0), "a compressed body has a credential in it"),
        ("deflate", zlib.compress(KEYS[1].encode()), "a compressed body has a credential in it"),
        ("br", b"anything", "a body is compressed with br"),
        ("gzip", b"anything", "a body is not the gzip that it claims to be"),
    ],
)
def test_a_credential_in_a_compressed_body_is_not_written(coding: str, body: bytes, reason: str) -> None:
    response = Message([(":status", "200"), ("content-encoding", coding)], (body[:5], body[5:]))
    with pytest.raises(LeakError, match=reason):
        masked(exchange(response=response))


def test_a_compressed_body_without_credentials_is_written() -> None:
    body = gzip.compress(b"good day")
    response = Message([(":status", "200"), ("content-encoding", "gzip")], (body,))
    assert masked(exchange(response=response)).response == response
