"""`count_tokens` and `input_tokens`: counted by the service where it can, otherwise estimated; a header says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy import natives
from tests.ai_proxy.gateway import COMPATIBLE, Json, answer, ask

MESSAGES = "/v1/messages/count_tokens"
RESPONSES = "/v1/responses/input_tokens"
SAID = "Please tell me what the weather in Oslo will be tomorrow."
TOOL = {"name": "weather", "description": "The weather", "input_schema": {"type": "object"}}
OF_MESSAGES: Json = {
    "model": "m", "system": "Be brief.", "messages": [{"role": "user", "content": SAID}], "tools": [TOOL],
}  # fmt: skip
OF_RESPONSES: Json = {
    "model": "m", "instructions": "Be brief.", "input": SAID,
    "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}}],
}  # fmt: skip
MOONSHOT: Json = {"type": "moonshot", "apiTokens": ["sk-1"]}
REQUESTS = {MESSAGES: OF_MESSAGES, RESPONSES: OF_RESPONSES}
CLAUDE_ON_VERTEX = {**natives.VERTEX, "modelMapping": {"*": "claude-sonnet-4-5"}}
CLAUDE_ON_BEDROCK = {**natives.BEDROCK, "modelMapping": {"*": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"}}


def shape(path: str, tokens: int) -> Json:
    return {"input_tokens": tokens} if path == MESSAGES else {"object": "response.input_tokens", "input_tokens": tokens}


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("path", [MESSAGES, RESPONSES])
def test_tokens_are_estimated_where_the_service_does_not_count_them(path: str) -> None:
    outcome = ask(MOONSHOT, REQUESTS[path], path=f"/ai{path}?beta=true")
    assert outcome.status == 200
    assert outcome.headers["x-proxywasm-token-count"] == "estimated"
    assert 20 < outcome.json["input_tokens"] < 60
    assert outcome.json == shape(path, outcome.json["input_tokens"])


@pytest.mark.parametrize(
    "provider", [COMPATIBLE, {"type": "vllm", "vllmServerHost": "vllm.test"}, {"type": "doubao", "apiTokens": ["k"]}]
)
def test_services_with_the_responses_api_do_not_count_its_tokens(provider: Json) -> None:
    """Only OpenAI's own, and Azure's, has what belongs to it."""
    outcome = ask(provider, OF_RESPONSES, path=RESPONSES)
    assert outcome.headers["x-proxywasm-token-count"] == "estimated"
    compacted = ask(provider, OF_RESPONSES, path="/v1/responses/compact")
    assert (compacted.status, compacted.error["code"]) == (404, "unsupported_api")


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("path", [MESSAGES, RESPONSES])
@pytest.mark.parametrize(
    ("provider", "place", "counted"),
    [
        ({**natives.GEMINI, "modelMapping": {"*": "gemini-2.5-flash"}},
         "/v1beta/models/gemini-2.5-flash:countTokens", {"totalTokens": 31}),
        ({**natives.VERTEX, "modelMapping": {"*": "gemini-2.5-flash"}},
         "publishers/google/models/gemini-2.5-flash:countTokens", {"totalTokens": 31}),
        (CLAUDE_ON_VERTEX, "publishers/anthropic/models/count-tokens:rawPredict", {"input_tokens": 31}),
        (CLAUDE_ON_BEDROCK, "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens", {"inputTokens": 31}),
        (natives.CLAUDE, "/v1/messages/count_tokens", {"input_tokens": 31}),
    ],
)  # fmt: skip
def test_services_that_count_are_asked(path: str, provider: Json, place: str, counted: Json) -> None:
    outcome = ask(provider, REQUESTS[path], answer(counted), path=path)
    assert outcome.sent_headers[":path"].partition("?")[0].endswith(place)
    assert SAID in json.dumps(outcome.sent)
    assert "weather" in json.dumps(outcome.sent), "tools count, too"
    assert not {"max_tokens", "stream"} & outcome.sent.keys()
    assert outcome.json == shape(path, 31)
    assert "x-proxywasm-token-count" not in outcome.headers


def test_models_that_aws_does_not_count_are_estimated() -> None:
    outcome = ask({**natives.BEDROCK, "modelMapping": {"*": "amazon.nova-pro-v1:0"}}, OF_MESSAGES, path=MESSAGES)
    assert outcome.headers["x-proxywasm-token-count"] == "estimated"


@pytest.mark.parametrize("path", [MESSAGES, RESPONSES])
@pytest.mark.parametrize("wrong", [b"[]", b"{", b'{"model":"m","messages":1,"input":1}'])
def test_invalid_requests_are_refused(path: str, wrong: bytes) -> None:
    outcome = ask(MOONSHOT, wrong, path=path)
    assert outcome.status == 400
    assert outcome.json["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [{"error": {"code": 400, "message": "no such model", "status": "INVALID"}}, {}])
def test_a_count_that_fails_is_an_error_of_the_clients_protocol(body: Json) -> None:
    refused = ask({**natives.GEMINI, "modelMapping": {"*": "g"}}, OF_MESSAGES, answer(body, 400), path=MESSAGES)
    assert (refused.status, refused.json["type"]) == (400, "error")
    broken = ask({**natives.GEMINI, "modelMapping": {"*": "g"}}, OF_MESSAGES, answer(body), path=MESSAGES)
    assert broken.json["type"] == "error"


def tokens(content: Any, provider: Json = COMPATIBLE) -> int:
    body = {"model": "m", "messages": [{"role": "user", "content": content}]}
    count: int = ask(provider, body, path=MESSAGES).json["input_tokens"]
    return count


def test_the_estimate_grows_with_the_conversation_and_ignores_base64() -> None:
    text = {"type": "text", "text": SAID}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K" * 5000}}
    call = {"type": "tool_use", "id": "t" * 60, "name": "weather", "input": {"city": "Oslo"}}
    result = {"type": "tool_result", "tool_use_id": "t" * 60, "content": [text, image]}
    alone = tokens(SAID)
    assert tokens([text]) == alone
    assert alone < tokens([text, call]) < alone + 20
    assert alone + 1500 < tokens([text, image]) < alone + 1700
    assert alone + 1500 < tokens([text, result]) < alone + 1700
    assert tokens([text, {"type": "thinking", "thinking": SAID * 9, "signature": "s"}]) == alone
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x" * 9}}
    assert alone + 1500 < tokens([text, pdf]) < alone + 1700


def test_the_estimate_depends_on_the_vendor_of_the_model() -> None:
    hindi = "हमारी टीम ने पिछले सप्ताह प्रस्ताव की समीक्षा की"
    assert tokens(hindi, {**COMPATIBLE, "modelMapping": {"*": "gpt-5"}}) < tokens(hindi) / 2
