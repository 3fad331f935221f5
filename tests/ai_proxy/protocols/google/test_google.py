"""Gemini and Vertex AI in Google's own protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.converting import sse
from tests.ai_proxy.gateway import CHAT, STREAM, Json, answer, ask, events, warnings
from tests.ai_proxy.natives import BEDROCK, GEMINI, RECORDED, VERTEX

from ai_proxy import plugin
from proxywasm_host.testing import TestHost, chat_request, response

BOTH = pytest.mark.parametrize("provider", [GEMINI, VERTEX], ids=["gemini", "vertex"])
FUNCTION: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def answer_with(*parts: Json, reason: str = "STOP", **more: Any) -> Json:
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": reason}], **more}


def sent(provider: Json, body: Json) -> Json:
    return ask(provider, {**CHAT, **body}, answer(answer_with({"text": "Hi"}))).sent


@BOTH
def test_no_parameter_is_lost(provider: Json) -> None:
    body = {"temperature": 0, "top_p": 0.5, "top_k": 3, "seed": 1, "n": 2, "presence_penalty": 0.5, "stop": "x",
            "frequency_penalty": -0.5, "max_completion_tokens": 9, "top_logprobs": 2, "logprobs": True}  # fmt: skip
    assert sent(provider, body)["generationConfig"] == {
        "temperature": 0, "topP": 0.5, "topK": 3, "seed": 1, "candidateCount": 2, "presencePenalty": 0.5,
        "stopSequences": ["x"], "frequencyPenalty": -0.5, "maxOutputTokens": 9, "logprobs": 2,
        "responseLogprobs": True,
    }  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", None),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "f"}}, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_tool_choice(provider: Json, choice: object, expected: object) -> None:
    config = sent(provider, {"tools": [FUNCTION], "tool_choice": choice}).get("toolConfig")
    assert (config and config["functionCallingConfig"]) == expected


@BOTH
def test_schemas_that_are_not_googles_have_their_own_parameter(provider: Json) -> None:
    plain = {"type": "object", "properties": {"a": {"type": "string"}}}
    for schema, name in ((plain, "parameters"), ({**plain, "additionalProperties": False}, "parametersJsonSchema")):
        function = {"type": "function", "function": {"name": "f", "parameters": schema}}
        (tools,) = sent(provider, {"tools": [function]})["tools"]
        assert next(iter(tools.values()))[0][name] == schema


@BOTH
def test_results_of_parallel_calls_share_a_content(provider: Json) -> None:
    def call(number: int) -> Json:
        return {"id": f"c{number}", "type": "function", "function": {"name": f"f{number}", "arguments": "{}"}}

    conversation: list[Json] = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": "a", "tool_calls": [call(0), call(1)]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c0", "content": "zero"},
    ]
    _, model, results = sent(provider, {"messages": conversation})["contents"]
    assert [next(iter(part)) for part in model["parts"]] == ["text", "functionCall", "functionCall"]
    assert [part["functionResponse"]["name"] for part in results["parts"]] == ["f1", "f0"]


@BOTH
def test_a_call_comes_back_with_its_signature(provider: Json) -> None:
    part = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s"}
    document = ask(provider, CHAT, answer(answer_with({"text": "a"}, part, part))).json
    (choice,) = document["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert ["index" in call for call in choice["message"]["tool_calls"]] == [False, False]
    again = sent(provider, {"messages": [{"role": "user", "content": "?"}, choice["message"]]})
    assert again["contents"][1]["parts"][1:] == [part, part]


@BOTH
def test_a_stream_has_one_choice_with_reasoning_calls_and_an_end(provider: Json) -> None:
    chunks = [
        answer_with({"text": "a", "thought": True}, reason=""),
        answer_with({"text": "b", "thought": False}, {"functionCall": {"name": "f", "args": {}}}, reason=""),
        answer_with(
            reason="STOP", usageMetadata={"promptTokenCount": 1, "candidatesTokenCount": 2, "thoughtsTokenCount": 3}
        ),
    ]
    stream = events(*(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks))
    outcome = ask(provider, STREAM, stream)
    assert outcome.data[-1] == "[DONE]"
    documents = [json.loads(data) for data in outcome.data[:-1]]
    deltas = [one["choices"][0]["delta"] for one in documents[:-1]]
    assert deltas[0] == {"role": "assistant", "reasoning_content": "a"}
    assert (deltas[1]["content"], deltas[1]["tool_calls"][0]["function"]["name"]) == ("b", "f")
    assert documents[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert (documents[-1]["choices"], documents[-1]["usage"]["completion_tokens"]) == ([], 5)


@BOTH
@pytest.mark.parametrize(
    ("reason", "expected"), [("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("X", "stop")]
)
def test_finish_reasons_are_openais(provider: Json, reason: str, expected: str) -> None:
    document = ask(provider, CHAT, answer(answer_with(reason=reason))).json
    assert document["choices"][0]["finish_reason"] == expected


@BOTH
def test_a_reason_that_is_not_specified_does_not_end_a_stream(provider: Json) -> None:
    first = answer_with({"text": "Hel"}, reason="FINISH_REASON_UNSPECIFIED")
    outcome = ask(provider, STREAM, events(sse(first, answer_with({"text": "lo"}))))
    choices = [one["choices"][0] for one in map(json.loads, outcome.data[:-1]) if one["choices"]]
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == "Hello"
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["stop"]


@BOTH
def test_a_prompt_that_is_blocked_gets_an_answer(provider: Json) -> None:
    document = ask(provider, CHAT, answer({"promptFeedback": {"blockReason": "SAFETY"}})).json
    assert document["choices"][0]["finish_reason"] == "content_filter"
    assert "SAFETY" in document["choices"][0]["message"]["refusal"]


@BOTH
def test_all_system_messages_become_the_system_instruction(provider: Json) -> None:
    system = [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}]
    body = sent(provider, {"messages": [*system, {"role": "user", "content": "Hi"}]})
    place = body.get("system_instruction") or body["systemInstruction"]
    assert place == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert len(body["contents"]) == 1


def image(*urls: str) -> list[Json]:
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}} for url in urls]}]


def test_an_image_is_fetched_once() -> None:
    """Weakness 51."""
    host = TestHost(plugin, {"provider": GEMINI})
    stream = host.request(chat_request(image("https://a.example/x.png", "https://a.example/x.png")))
    assert not stream.upstream
    host.next_call().answer(body=b"\xff\xd8\xff-")
    parts = stream.upstream.json()["contents"][0]["parts"]
    assert [part["inlineData"]["mimeType"] for part in parts] == ["image/jpeg", "image/jpeg"]
    assert len(host.calls) == 1


def test_one_image_that_fails_is_enough() -> None:
    host = TestHost(plugin, {"provider": GEMINI})
    stream = host.request(chat_request(image("https://a.example/x.png", "https://a.example/y.png")))
    host.next_call().answer(response(404, body="no"))
    assert stream.reply is not None
    assert stream.reply.status == 400


@pytest.mark.parametrize(
    "url", ["http://127.1/x", "http://169.254.169.254/latest", "http://localhost./x", "http://db/x", "ftp://a.b/c"]
)
def test_addresses_that_are_not_public_are_not_fetched(url: str) -> None:
    outcome = ask(GEMINI, {**CHAT, "messages": image(url)})
    assert outcome.status == 400
    assert outcome.result["callouts"] == []


def recorded_vertex() -> Json:
    entries: Any = json.loads((RECORDED / "vertex" / "oauth.json").read_text(encoding="utf-8"))
    provider: Json = entries[0]["config"]["provider"]
    return provider


TOKEN = response(200, body=json.dumps({"access_token": "t-1", "expires_in": 3600}))


def test_requests_that_come_meanwhile_wait_for_the_same_token() -> None:
    """Weakness 50."""
    host = TestHost(plugin, {"provider": recorded_vertex()})
    streams = [host.request(chat_request("Hi")) for _ in range(3)]
    assert len(host.calls) == 1
    host.next_call().answer(TOKEN)
    assert [stream.upstream.headers["authorization"] for stream in streams] == ["Bearer t-1"] * 3
    assert host.request(chat_request("Hi")).upstream.headers["authorization"] == "Bearer t-1"
    assert len(host.calls) == 1


def test_when_the_first_client_disconnects_the_others_still_get_a_token() -> None:
    host = TestHost(plugin, {"provider": recorded_vertex()})
    first, second = (host.request(chat_request("Hi")) for _ in range(2))
    first.finish()
    host.next_call().answer(TOKEN)
    assert second.upstream.headers["authorization"] == "Bearer t-1"


def test_keys_are_checked_at_load_and_never_printed() -> None:
    """Weakness 50."""
    provider = {**recorded_vertex(), "vertexAuthKey": '{"client_email": "a", "private_key": "-----BEGIN secret"}'}
    found = warnings({"provider": provider})
    assert any("vertexAuthKey" in line and "cannot be used: not a PEM file" in line for line in found)
    assert "secret" not in str(found)


def test_the_credential_is_all_that_the_query_has() -> None:
    outcome = ask(VERTEX, CHAT, answer(answer_with({"text": "Hi"})), path="/v1/chat/completions?key=mine&x=1")
    assert outcome.sent_headers[":path"].endswith(":generateContent?key=AIza-1")


def test_a_path_of_vertex_is_none_of_gemini() -> None:
    path = "/v1/projects/p/locations/l/publishers/google/models/gemini-2.0-flash:generateContent"
    outcome = ask(GEMINI, {"contents": []}, answer(answer_with({"text": "Hi"})), path=path)
    assert outcome.sent_headers[":path"].partition("?")[0] == path


@BOTH
def test_an_empty_configuration_is_sent_as_one(provider: Json) -> None:
    assert sent(provider, {})["generationConfig"] == {}


def streamed(provider: Json, *documents: Json) -> list[Json]:
    chunks = [b"data: " + json.dumps(one).encode() + b"\n\n" for one in documents]
    *data, done = ask(provider, STREAM, events(*chunks)).data
    assert done == "[DONE]"
    return [json.loads(one) for one in data]


@BOTH
def test_usage_in_its_own_event_is_sent(provider: Json) -> None:
    counts = {"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}}
    assert streamed(provider, answer_with({"text": "Hi"}), counts)[-1]["usage"]["total_tokens"] == 3


@BOTH
def test_an_answer_in_one_event_has_its_role(provider: Json) -> None:
    said, finish = streamed(provider, answer_with({"text": "Hi"}))
    assert said["choices"][0]["delta"] == {"role": "assistant", "content": "Hi"}
    assert (finish["choices"][0]["delta"], finish["choices"][0]["finish_reason"]) == ({}, "stop")


@pytest.mark.parametrize("provider", [GEMINI, VERTEX, BEDROCK], ids=["gemini", "vertex", "bedrock"])
@pytest.mark.parametrize("prompt", [None, "", 5])
def test_an_image_of_nothing_is_refused(provider: Json, prompt: object) -> None:
    outcome = ask(provider, {"model": "m", "prompt": prompt}, path="/v1/images/generations")
    assert (outcome.status, outcome.error["param"]) == (400, "prompt")


def test_a_mask_is_refused_for_edits_and_ignored_for_variations() -> None:
    body = {"model": "m", "image": "data:image/png;base64,QQ==", "mask": "data:image/png;base64,QQ==", "prompt": "x"}
    assert ask(VERTEX, body, path="/v1/images/edits").error["param"] == "mask"
    assert ask(VERTEX, body, path="/v1/images/variations").sent["contents"]


@pytest.mark.usefixtures("both_ways")
def test_the_list_of_geminis_models_is_openais() -> None:
    models = {"models": [{"name": "models/gemini-3-pro", "displayName": "Gemini 3 Pro"}, {"name": "models/x"}]}
    outcome = ask(GEMINI, None, answer(models), path="/v1/models", method="GET")
    assert outcome.sent_headers[":path"] == "/v1beta/models?pageSize=1000"
    assert outcome.json["object"] == "list"
    assert [(model["id"], model["object"]) for model in outcome.json["data"]] == [
        ("gemini-3-pro", "model"), ("x", "model")
    ]  # fmt: skip
    refusal = {"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}
    refused = ask(GEMINI, None, answer(refusal, 403), path="/v1/models", method="GET")
    assert (refused.status, refused.json["error"]["message"]) == (403, "no")


@BOTH
def test_the_log_probabilities_of_the_last_event_are_sent(provider: Json) -> None:
    document = answer_with({"text": "Hi"})
    document["candidates"][0]["logprobsResult"] = {"chosenCandidates": [{"token": "Hi", "logProbability": -0.1}]}
    data = ask(
        provider, {**CHAT, "stream": True}, events(b"data: " + json.dumps(document).encode() + b"\n\n", b"")
    ).data
    first, last = (json.loads(one)["choices"][0] for one in data[:2])
    assert (first["delta"]["content"], first["logprobs"]["content"][0]["token"]) == ("Hi", "Hi")
    assert (last["delta"], last["finish_reason"]) == ({}, "stop")
