"""Bodies of JSON APIs in another format, such as the form that curl sends unless it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy import gateway
from tests.ai_proxy.gateway import Json

from proxywasm_host.testing import TestHost, TestStream, request

pytestmark = pytest.mark.usefixtures("both_ways")

MOONSHOT: Json = {"id": "a", "type": "moonshot", "apiTokens": ["sk-1"]}
CLAUDE: Json = {"id": "a", "type": "claude", "apiTokens": ["sk-1"]}
GEMINI: Json = {"id": "a", "type": "gemini", "apiTokens": ["sk-1"]}
QWEN: Json = {"id": "a", "type": "qwen", "apiTokens": ["sk-1"], "qwenEnableCompatible": False}
TURN = {"role": "user", "content": "Hi"}
CHAT: Json = {"model": "m", "messages": [TURN], "max_tokens": 9}
APIS: dict[str, tuple[Json, str, Json]] = {
    "chat of Claude": (CLAUDE, "/v1/chat/completions", CHAT),
    "chat of Qwen": (QWEN, "/v1/chat/completions", CHAT),
    "embeddings of Gemini": (GEMINI, "/v1/embeddings", {"model": "m", "input": "Hi"}),
    "images of Gemini": (GEMINI, "/v1/images/generations", {"model": "m", "prompt": "Hi"}),
    "messages": (MOONSHOT, "/v1/messages", CHAT),
    "tokens of messages": (MOONSHOT, "/v1/messages/count_tokens", CHAT),
    "responses": (MOONSHOT, "/v1/responses", {"model": "m", "input": "Hi"}),
    "tokens of responses": (MOONSHOT, "/v1/responses/input_tokens", {"model": "m", "input": "Hi"}),
}
"""A provider, a path and a body for each API of clients whose requests are converted or answered here."""


def send(name: str, headers: dict[str, str], *, routed: bool) -> TestStream:
    provider, path, body = APIS[name]
    config: dict[str, Any] = {"provider": provider}
    if routed:
        config = {"providers": [{**provider, "models": ["m"]}]}
    host = TestHost(gateway.RUNNING.source, config)
    return host.request(request("POST", path, headers, json.dumps(body)))


@pytest.mark.parametrize("name", APIS)
@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_not_json_is_refused_by_its_content_type(name: str, routed: bool, content_type: str) -> None:
    stream = send(name, {"content-type": content_type}, routed=routed)
    assert stream.reply is not None
    if content_type.startswith("multipart") and (routed or "Gemini" in name):
        # The form is read for the name of the model, and is none.
        assert json.loads(stream.reply.body)["error"]["message"].startswith("the request body is not a valid form")
        return
    assert stream.reply.status == 415
    error = json.loads(stream.reply.body)["error"]
    assert "application/json" in error["message"]
    assert content_type in error["message"]
    assert json.loads(stream.reply.body).get("type") == ("error" if "messages" in name else None)


@pytest.mark.parametrize("name", APIS)
def test_a_compressed_body_is_refused_as_such(name: str) -> None:
    stream = send(name, {"content-type": "application/json", "content-encoding": "gzip"}, routed=False)
    assert stream.reply is not None
    assert (stream.reply.status, "gzip" in json.loads(stream.reply.body)["error"]["message"]) == (415, True)


@pytest.mark.parametrize("name", APIS)
@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json; charset=utf-8"}])
def test_a_body_without_content_type_is_read_as_json(name: str, routed: bool, headers: dict[str, str]) -> None:
    stream = send(name, headers, routed=routed)
    if "tokens" in name:
        assert stream.reply is not None
        assert stream.reply.status == 200
    else:
        assert stream.upstream.body


@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/audio/transcriptions", "/v1/files"])
def test_forms_of_apis_that_take_them_pass(path: str) -> None:
    form = '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n--x--\r\n'
    host = TestHost(gateway.RUNNING.source, {"provider": {**MOONSHOT, "type": "openai"}})
    stream = host.request(request("POST", path, {"content-type": "multipart/form-data; boundary=x"}, form))
    assert stream.upstream.body
