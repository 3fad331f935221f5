"""Host, path and credentials of the request that goes upstream."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, COMPATIBLE, NATIVE, STREAM, Json, answer, ask
from tests.ai_proxy.natives import BEDROCK, GEMINI, VERTEX

from ai_proxy.wire import apis

AZURE: Json = {
    "type": "azure",
    "apiTokens": ["sk-provider-1"],
    "azureServiceUrl": "https://r.openai.azure.com/?api-version=1",
}
CREDENTIALS = ["authorization", "x-api-key", "api-key", "x-authorization", "x-goog-api-key", "x-hi-original-auth"]


@pytest.mark.parametrize("provider", [COMPATIBLE, NATIVE, {**COMPATIBLE, "protocol": "original"}])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/unknown"])
def test_a_clients_credentials_go_nowhere(provider: Json, path: str) -> None:
    outcome = ask(provider, CHAT, path=path, headers=[(name, "client-secret") for name in CREDENTIALS])
    assert "client-secret" not in str(outcome.result["upstream"])
    assert outcome.sent_headers["authorization"] == "Bearer sk-provider-1"


def test_a_client_cannot_set_the_original_host_and_path() -> None:
    headers = ask(
        COMPATIBLE, CHAT, headers=[("x-envoy-original-host", "evil"), ("x-envoy-original-path", "/e")]
    ).sent_headers
    assert headers["x-envoy-original-host"] == "gateway.example.com"
    assert headers["x-envoy-original-path"] == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("settings", "path", "result"),
    [
        ({}, "/v1/chat/completions?a=b", "/compatible-mode/v1/chat/completions?a=b"),
        ({}, "/any/v1/files/f%201/content", "/compatible-mode/v1/files/f%201/content"),
        ({}, "/v1/batches/b-1", "/compatible-mode/v1/batches/b-1"),
        ({}, "/v1/what/ever?x=1", "/v1/what/ever?x=1"),
        ({"capabilities": {apis.CHAT: "/here?fixed=1"}}, "/v1/chat/completions?user=2", "/here?fixed=1&user=2"),
        ({"capabilities": {apis.CANCEL_BATCH: "/b/{batch_id}/c"}}, "/v1/batches/b-1/cancel", "/b/b-1/c"),
        ({"basePath": "/ai"}, "/ai/what/ever", "/what/ever"),
        ({"basePath": "/ai/"}, "/ai/what", "/what"),
        ({"basePath": "/ai"}, "/aims/what", "/aims/what"),
        ({"basePath": "/ai", "protocol": "original"}, "/ai/v1/chat/completions", "/v1/chat/completions"),
        ({"basePath": "/pre/", "basePathHandling": "prepend"}, "/v1/x", "/pre/v1/x"),
        ({"basePath": "/pre", "basePathHandling": "prepend"}, "/pre/v1/x", "/pre/v1/x"),
        ({"providerBasePath": "/proxy"}, "/v1/chat/completions", "/proxy/compatible-mode/v1/chat/completions"),
        ({"protocol": "original"}, "/api/v1/apps/x", "/api/v1/apps/x"),
    ],
)
def test_paths(settings: Json, path: str, result: str) -> None:
    headers = ask({**COMPATIBLE, **settings}, path=path, method="GET").sent_headers
    assert headers[":path"] == result
    assert headers.get("x-envoy-original-path", result if path == result else "") == path


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("provider", [GEMINI, VERTEX, BEDROCK, AZURE], ids=lambda provider: str(provider["type"]))
def test_prefixes_apply_to_paths_that_depend_on_the_body(provider: Json) -> None:
    def path(**settings: str) -> str:
        return ask({**provider, **settings}, CHAT).sent_headers[":path"]

    assert path(providerBasePath="/proxy") == "/proxy" + path()
    prepended = {"basePath": "/pre", "basePathHandling": "prepend"}
    assert path(**prepended) == "/pre" + path()
    assert path(**prepended, providerBasePath="/proxy") == "/proxy/pre" + path()


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({}, "dashscope.aliyuncs.com"),
        ({"qwenDomain": "dashscope-intl.aliyuncs.com"}, "dashscope-intl.aliyuncs.com"),
        ({"qwenDomain": "x", "providerDomain": "proxy.internal:8443"}, "proxy.internal:8443"),
    ],
)
def test_hosts(settings: Json, host: str) -> None:
    assert ask({**COMPATIBLE, **settings}, CHAT).sent_headers[":authority"] == host


def test_the_first_byte_timeout_is_for_streams_only() -> None:
    provider = {**COMPATIBLE, "firstByteTimeout": 1500}
    name = "x-envoy-upstream-rq-first-byte-timeout-ms"
    assert ask(provider, STREAM).sent_headers[name] == "1500"
    assert name not in ask(provider, CHAT).sent_headers


def test_an_unchanged_body_is_passed_on_byte_for_byte() -> None:
    body = b'{ "model" : "qwen-max", "messages": [], "temperature": 0.10, "big": 123456789012345678901234567890 }'
    assert ask(COMPATIBLE, body).result["upstream"]["body"].encode() == body
    assert ask(COMPATIBLE, body, answer(b' {"a": 1} \n')).raw == b' {"a": 1} \n'


def test_usage_is_requested_unless_the_client_has_decided() -> None:
    assert ask(COMPATIBLE, STREAM).sent["stream_options"] == {"include_usage": True}
    decided = {**STREAM, "stream_options": {"include_usage": False, "x": 1}}
    assert ask(COMPATIBLE, decided).sent == decided


def test_bodies_other_than_json_are_not_read() -> None:
    outcome = ask(COMPATIBLE, None, headers=[("content-type", "multipart/form-data; boundary=b")])
    assert outcome.sent_headers["content-type"] == "multipart/form-data; boundary=b"
