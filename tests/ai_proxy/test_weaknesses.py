"""Weaknesses of the original that no other test covers, by their numbers in `weaknesses.md` in this folder."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.ai_proxy.converting import ALL as CONVERTING
from tests.ai_proxy.gateway import CHAT, RUNNING, STREAM, Json, answer, ask, events, gateway_with
from tests.ai_proxy.natives import ALL as NATIVES
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, OPENAI, RECORDED, VERTEX

from proxywasm.wire import LogLevel
from proxywasm_host.testing import TestHost, chat_request

pytestmark = pytest.mark.usefixtures("both_ways")
PROVIDERS = {**CONVERTING, **{name: provider for name, (provider, _) in NATIVES.items()}}
every_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS.keys())


@pytest.mark.parametrize(
    "path",
    ["/v1/fine_tuning/jobs/ft-1", "/v1/fine_tuning/jobs/ft-1/events", "/v1/fine_tuning/jobs/ft-1/checkpoints",
     "/v1/fine_tuning/jobs/ft-1/cancel", "/v1/fine_tuning/jobs/ft-1/resume", "/v1/fine_tuning/jobs/ft-1/pause",
     "/v1/fine_tuning/checkpoints/c-1/permissions", "/v1/fine_tuning/checkpoints/c-1/permissions/p-1"],
)  # fmt: skip
def test_ids_of_fine_tuning_arrive(path: str) -> None:
    """Weakness 9."""
    assert ask(OPENAI, path=path, method="GET").sent_headers[":path"] == path


@pytest.mark.parametrize(
    ("path", "result"),
    [("/v1/files/f-1/content", "/api/files/f-1/content"), ("/v1/batches/b-1/cancel", "/api/batches/b-1/cancel"),
     ("/v1/videos/v-1/remix", "/api/videos/v-1/remix")],
)  # fmt: skip
def test_ids_are_filled_in_below_a_custom_address(path: str, result: str) -> None:
    """Weakness 10."""
    provider = {**OPENAI, "openaiCustomUrl": "https://models.example.com/api"}
    assert ask(provider, path=path, method="GET").sent_headers[":path"] == result


@every_provider
def test_equivalent_values_of_other_types_are_understood(provider: Json) -> None:
    """Weakness 13."""
    odd = {**CHAT, "model": "Pro", "stop": "x", "max_tokens": 100.0, "metadata": {"a": 1}, "temperature": 1}
    assert ask(provider, odd).result["upstream"] is not None


COMPATIBLE_VERTEX = "a \\u0022quoted\\u0022 \\ud83d\\ude00 \\\\u0041"


def test_escapes_in_answers_of_vertex_are_left_alone() -> None:
    """Weakness 19."""
    provider = {**recorded_vertex(), "vertexOpenAICompatible": True}
    document = f'{{"choices":[{{"index":0,"message":{{"content":"{COMPATIBLE_VERTEX}"}},"finish_reason":"stop"}}]}}'
    host = gateway_with(provider)
    stream = host.request(chat_request("Hi"))
    host.next_call().answer(json={"access_token": "t-1", "expires_in": 3600})
    stream.respond(200, {"content-type": "application/json"}, document)
    assert stream.downstream.body == document.encode()
    stream = host.request(chat_request("Hi", stream=True))
    event = f"data: {document.replace('message', 'delta')}\n\ndata: [DONE]\n\n".encode()
    for cut in range(len(event)):
        if event[cut : cut + 1] == b"\\":
            chunks = [event[: cut + 3], event[cut + 3 :]]
            stream = host.request(chat_request("Hi", stream=True))
            stream.respond(200, {"content-type": "text/event-stream"}, chunks)
            assert stream.downstream.body == event


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_every_success_is_converted(status: int) -> None:
    """Weakness 31."""
    message = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}]}
    outcome = ask(CLAUDE, CHAT, answer(message, status))
    assert (outcome.status, outcome.json["choices"][0]["message"]["content"]) == (status, "Hi")


@every_provider
def test_a_compressed_answer_to_a_request_without_accept_encoding_is_502(provider: Json) -> None:
    """The plugin asks for uncompressed answers if it converts them."""
    outcome = ask(provider, {**CHAT, "model": "Pro"}, answer(b"\x1f\x8b\x08", content_encoding="gzip"))
    assert (outcome.status, outcome.error["code"]) == (502, "bad_upstream_response")


@every_provider
@pytest.mark.parametrize("status", [200, 401, 503])
def test_no_log_line_has_a_credential_or_a_message(provider: Json, status: int) -> None:
    """Weakness 38."""
    tokens = {"apiTokens": ["sk-secret-1", "sk-secret-2"]} if "apiTokens" in provider else {}
    config = {"provider": {**provider, **tokens, "retryOnFailure": {"enabled": True}}}
    host = TestHost(RUNNING.source, config, log_level=LogLevel.TRACE)
    headers = {"authorization": "Bearer client-secret", "x-api-key": "client-secret"}
    stream = host.request(chat_request("a private question", model="Pro", headers=headers))
    refusal_text = f"the key {tokens['apiTokens'][0]} is no good" if tokens else "no"
    refusal = json.dumps({"error": {"message": refusal_text}, "message": refusal_text})
    stream.respond(status, {"content-type": "application/json"}, refusal)
    while host.pending:
        host.next_call().answer(status, {"content-type": "application/json"}, refusal)
    text = "\n".join(host.messages)
    assert "secret" not in text
    assert "private question" not in text
    answered = stream.reply.body if stream.reply else stream.downstream.body
    assert b"secret" not in answered


@pytest.mark.parametrize("provider", [OPENAI, CLAUDE], ids=["passed on", "converted"])
def test_an_image_of_ten_megabytes_arrives(provider: Json) -> None:
    """Weakness 40."""
    image = base64.b64encode(bytes(7_500_000)).decode()
    parts = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}]
    outcome = ask(provider, {**CHAT, "messages": [{"role": "user", "content": parts}]})
    assert outcome.sent_bytes.count(b"A" * 10_000_000) == 1


@every_provider
def test_a_request_without_model_is_400_for_every_provider(provider: Json) -> None:
    """Weakness 48."""
    outcome = ask({**provider, "modelMapping": {}}, {"messages": CHAT["messages"]})
    assert (outcome.status, outcome.error["param"]) == (400, "model")


def test_one_image_is_wanted_where_no_number_is_given() -> None:
    """Weakness 49."""
    body: Json = {"model": "amazon.nova-canvas-v1:0", "prompt": "a cat"}
    config = ask(BEDROCK, body, path="/v1/images/generations").sent["imageGenerationConfig"]
    assert config.get("numberOfImages", 1) == 1
    config = ask(BEDROCK, {**body, "n": 3}, path="/v1/images/generations").sent["imageGenerationConfig"]
    assert config["numberOfImages"] == 3


def recorded_vertex() -> Json:
    entries: Any = json.loads((RECORDED / "vertex" / "oauth.json").read_text(encoding="utf-8"))
    provider: Json = entries[0]["config"]["provider"]
    return provider


def with_account(**changes: str) -> Json:
    provider = recorded_vertex()
    key = provider["vertexAuthKey"]
    account = {**(json.loads(key) if isinstance(key, str) else key), **changes}
    return {**provider, "vertexAuthKey": json.dumps(account)}


def test_a_token_comes_from_where_the_account_says() -> None:
    """Weakness 50."""
    host = gateway_with(with_account(token_uri="https://login.example.com/own/token"))  # an address
    host.request(chat_request("Hi"))
    call = host.next_call()
    assert (call.host, call.path) == ("login.example.com", "/own/token")


def test_a_token_is_of_one_account_only() -> None:
    """Weakness 50."""
    host = gateway_with(recorded_vertex())
    host.request(chat_request("Hi"))
    host.next_call().answer(json={"access_token": "t-1", "expires_in": 3600})
    same, other = (
        TestHost(RUNNING.source, {"provider": provider}, beside=host)
        for provider in (recorded_vertex(), with_account(client_email="another@example.com"))
    )
    assert same.request(chat_request("Hi")).upstream.headers["authorization"] == "Bearer t-1"
    assert not other.request(chat_request("Hi")).upstream
    assert other.pending


def test_vertex_has_the_features_that_all_providers_have() -> None:
    """Weakness 50."""
    settings = {"firstByteTimeout": 900, "mergeConsecutiveMessages": True, "contextCleanupCommands": ["/new"],
                "providerBasePath": "/proxy"}  # fmt: skip
    conversation = [
        {"role": "user", "content": "gone"}, {"role": "user", "content": "/new"},
        {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
    ]  # fmt: skip
    outcome = ask({**VERTEX, **settings}, {**STREAM, "messages": conversation})
    assert outcome.sent_headers["x-envoy-upstream-rq-first-byte-timeout-ms"] == "900"
    assert outcome.sent_headers[":path"].startswith("/proxy/v1/publishers/google/models/")
    assert [content["role"] for content in outcome.sent["contents"]] == ["user"]
    assert outcome.sent["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert "gone" not in str(outcome.sent)


@pytest.mark.parametrize("action", ["generateContent", "streamGenerateContent?alt=sse"])
def test_the_model_in_the_path_of_googles_own_api_is_mapped(action: str) -> None:
    """Weakness 51."""
    provider = {**GEMINI, "modelMapping": {"fast": "gemini-2.5-flash"}}
    outcome = ask(provider, {"contents": []}, path=f"/v1beta/models/fast:{action}")
    assert outcome.sent_headers[":path"] == f"/v1beta/models/gemini-2.5-flash:{action}"


def test_a_stream_whose_last_event_has_no_parts_finishes() -> None:
    """Weakness 51."""
    text = b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}\n\n'
    end = b'data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"totalTokenCount":2}}\n\n'
    *chunks, done = ask(GEMINI, STREAM, events(text, end)).data
    assert [json.loads(chunk)["choices"][0]["finish_reason"] for chunk in chunks if json.loads(chunk)["choices"]][
        -1
    ] == "stop"
    assert done == "[DONE]"
