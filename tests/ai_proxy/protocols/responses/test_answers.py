"""Answers to clients of the Responses API: whole ones and streams say the same, whatever the service."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy import responses_grammar as grammar
from tests.ai_proxy.gateway import Json, Outcome, answer, ask, events
from tests.ai_proxy.responses_services import CHATS, SERVICES, SIGNING, Said

from proxywasm_host.recordings.bodies import parse_events
from proxywasm_host.recordings.exchange import Message

PATH = "/v1/responses"
TOOLS: list[Json] = [
    {"type": "function", "name": "look", "parameters": {"type": "object"}},
    {"type": "custom", "name": "patch"},
    {"type": "namespace", "name": "crm", "description": "d", "tools": [{"type": "function", "name": "find"}]},
    {"type": "tool_search", "execution": "client", "parameters": {"type": "object"}},
]
REQUEST: Json = {"model": "m", "input": "Hi", "tools": TOOLS, "instructions": "Be brief.", "metadata": {"a": "b"}}

each = pytest.mark.parametrize("service", SERVICES)


def whole(service: str, said: Said, **more: Any) -> Json:
    outcome = ask(SERVICES[service].config, {**REQUEST, **more}, SERVICES[service].whole(said), path=PATH)
    assert outcome.status == 200
    grammar.response(outcome.json)
    return outcome.json


def streamed(service: str, said: Said, **more: Any) -> Json:
    return answered_by(SERVICES[service].stream(said), service, **more)


def answered_by(message: Message, service: str, **more: Any) -> Json:
    outcome = ask(SERVICES[service].config, {**REQUEST, "stream": True, **more}, message, path=PATH)
    return grammar.stream(events_of(outcome))


def events_of(outcome: Outcome) -> list[Json]:
    assert outcome.status == 200
    assert outcome.headers["content-type"].startswith("text/event-stream")
    documents = []
    for data, name in parse_events(outcome.raw):
        documents.append(json.loads(data))
        assert documents[-1]["type"] == name
    return documents


def text_item(text: str, status: str = "completed") -> Json:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "message", "role": "assistant", "status": status, "content": [part]}


def output(response: Json) -> list[Json]:
    return [{name: value for name, value in item.items() if name != "id"} for item in response["output"]]


@each
def test_a_text(service: str) -> None:
    for response in (whole(service, Said("Hello")), streamed(service, Said("Hello"))):
        assert response["status"] == "completed"
        assert output(response) == [text_item("Hello")]
        assert response["usage"]["input_tokens"] == 9
        assert response["usage"]["output_tokens"] == 5
        assert response["usage"]["total_tokens"] == 14
        cached = {"openai-like": 4, "claude": 4, "bedrock": 4}.get(service, 0)
        assert response["usage"]["input_tokens_details"]["cached_tokens"] == cached
        reasoning = {"openai-like": 2, "gemini": 2}.get(service, 0)
        assert response["usage"]["output_tokens_details"]["reasoning_tokens"] == reasoning


@each
def test_a_response_repeats_its_request(service: str) -> None:
    fields = {"temperature": 0.5, "max_output_tokens": 7, "tool_choice": "required", "prompt_cache_key": "k",
              "text": {"format": {"type": "json_object"}}, "store": True, "truncation": "auto"}  # fmt: skip
    for response in (whole(service, Said("x"), **fields), streamed(service, Said("x"), **fields)):
        for name in ("temperature", "max_output_tokens", "tool_choice", "prompt_cache_key", "text"):
            assert response[name] == fields[name]
        assert response["instructions"] == "Be brief."
        assert response["metadata"] == {"a": "b"}
        assert response["tools"] == TOOLS
        assert (response["store"], response["truncation"]) == (False, "disabled"), "as it is, not as it was asked for"


@each
def test_calls_of_functions_and_of_custom_tools(service: str) -> None:
    named = [("look", {"at": "it"}), ("patch", {"input": '*** "x"\n'}), ("crm__find", {}), ("tool_search", {"q": "x"})]
    said = Said("wait", calls=named)
    for response in (whole(service, said), streamed(service, said)):
        text, *calls = output(response)
        assert text == text_item("wait")
        assert [call["call_id"] for call in calls] == ["call_0", "call_1", "call_2", "call_3"]
        assert (calls[0]["type"], calls[0]["name"]) == ("function_call", "look")
        assert json.loads(calls[0]["arguments"]) == {"at": "it"}
        assert (calls[1]["type"], calls[1]["name"]) == ("custom_tool_call", "patch")
        assert calls[1]["input"] == '*** "x"\n'
        assert (calls[2]["namespace"], calls[2]["name"], calls[2]["arguments"]) == ("crm", "find", "{}")
        assert (calls[3]["type"], calls[3]["execution"]) == ("tool_search_call", "client")
        assert calls[3]["arguments"] == {"q": "x"}


@each
def test_reasoning_is_text_or_takes_the_place_of_the_summary(service: str) -> None:
    said = Said("Ho", thinking="hm hm", signature="c2ln")
    for asked, place, kind in ((None, "content", "reasoning_text"), ("auto", "summary", "summary_text")):
        more = {"reasoning": {"effort": "high", "summary": asked}}
        for response in (whole(service, said, **more), streamed(service, said, **more)):
            thinking, text = output(response)
            assert thinking[place] == [{"type": kind, "text": "hm hm"}]
            assert text == text_item("Ho")
            assert ("encrypted_content" in thinking) == (service in SIGNING)


@each
def test_an_answer_that_reaches_the_limit_is_incomplete(service: str) -> None:
    for response in (whole(service, Said("Hel", cut=True)), streamed(service, Said("Hel", cut=True))):
        assert response["incomplete_details"] == {"reason": "max_output_tokens"}
        assert output(response) == [text_item("Hel", "incomplete")]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
arguments = st.dictionaries(st.text("ab", min_size=1, max_size=2), texts | st.integers(-9, 9), max_size=2)
sayings = st.builds(
    Said,
    text=texts,
    thinking=texts,
    signature=st.just("c2ln"),
    calls=st.lists(
        st.tuples(st.sampled_from(["look", "crm__find", "other", "tool_search"]), arguments)
        | st.tuples(st.just("patch"), st.builds(lambda text: {"input": text}, texts)),
        max_size=3,
    ),
    cut=st.booleans(),
)


@each
@settings(max_examples=15)
@given(said=sayings, borders=st.sets(st.integers(0, 3000), max_size=8), summary=st.sampled_from([None, "auto"]))
def test_a_stream_says_the_same_as_the_whole_answer_wherever_it_is_cut(
    service: str, said: Said, borders: set[int], summary: str | None
) -> None:
    more = {"reasoning": {"summary": summary}}
    message = SERVICES[service].stream(said)
    raw = b"".join(message.body)
    places = [0, *sorted(place for place in borders if place < len(raw)), len(raw)]
    cut = Message(message.headers, tuple(raw[start:end] for start, end in pairwise(places)))
    one, other = answered_by(cut, service, **more), whole(service, said, **more)
    assert grammar.simplified(one["output"]) == grammar.simplified(other["output"])
    for name in ("status", "incomplete_details", "usage", "tools", "instructions"):
        assert one[name] == other[name]


# Streams of OpenAI-compatible services.


def sse(*documents: Any) -> list[bytes]:
    return [b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents]


def chunk(delta: Json, reason: str | None = None, **more: Any) -> Json:
    return {
        "id": "c",
        "created": 5,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason, **more}],
    }


def chats(*chunks: Any, end: bytes = b"data: [DONE]\n\n", **more: Any) -> list[Json]:
    return events_of(ask(CHATS, {**REQUEST, "stream": True, **more}, events(*sse(*chunks), end, b""), path=PATH))


def test_a_refusal_is_a_part_of_its_own() -> None:
    final = grammar.stream(
        chats(chunk({"content": "Well"}), chunk({"refusal": "N"}), chunk({"refusal": "o"}), chunk({}, "stop"))
    )
    assert [part["type"] for part in final["output"][0]["content"]] == ["output_text", "refusal"]
    assert final["output"][0]["content"][1]["refusal"] == "No"


def test_a_filtered_answer_is_incomplete() -> None:
    final = grammar.stream(chats(chunk({"content": "We"}), chunk({}, "content_filter")))
    assert (final["status"], final["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})


def test_log_probabilities() -> None:
    token = {
        "token": "a",
        "logprob": -0.5,
        "bytes": [97],
        "top_logprobs": [{"token": "b", "logprob": -1, "bytes": None}],
    }
    final = grammar.stream(
        chats(
            chunk({"content": "a"}, logprobs={"content": [token]}),
            chunk({}, "stop"),
            include=["message.output_text.logprobs"],
        )
    )
    expected = {**token, "top_logprobs": [{"token": "b", "logprob": -1, "bytes": [98]}]}
    assert final["output"][0]["content"][0]["logprobs"] == [expected]


def test_a_stream_that_breaks_off_fails() -> None:
    documents = chats(chunk({"content": "Hel"}), end=b"")
    final = grammar.stream(documents, failed=True)
    assert final["error"]["code"] == "server_error"
    assert "before it was complete" in final["error"]["message"]
    assert output(final) == [text_item("Hel", "incomplete")]


@pytest.mark.parametrize(
    ("given_code", "status", "code"),
    [
        ("context_length_exceeded", 400, "context_length_exceeded"),
        ("x", 429, "rate_limit_exceeded"),
        ("x", 400, "invalid_prompt"),
    ],
)
def test_an_error_in_a_stream_fails_the_response(given_code: str, status: int, code: str) -> None:
    failure = {"error": {"message": "too much", "code": given_code if given_code != "x" else status, "type": "t"}}
    final = events_of(
        ask(CHATS, {**REQUEST, "stream": True}, events(*sse(chunk({"content": "Hel"}), failure), b""), path=PATH)
    )[-1]["response"]
    assert (final["status"], final["error"]["message"]) == ("failed", "too much")
    assert final["error"]["code"] == (code if given_code == "x" else given_code)


def test_an_error_before_the_stream_is_an_answer_with_its_status() -> None:
    failure = {"error": {"message": "slow down", "code": 429, "type": "t"}}
    outcome = ask(CHATS, {**REQUEST, "stream": True}, events(*sse(failure), b""), path=PATH)
    assert outcome.status == 429
    grammar.error(outcome.json)


def test_an_error_of_the_service_passes() -> None:
    failure = {"error": {"message": "no", "type": "t", "param": "messages", "code": "c"}}
    outcome = ask(CHATS, REQUEST, answer(failure, 400), path=PATH)
    assert (outcome.status, outcome.json) == (400, failure)
    outcome = ask(
        SERVICES["claude"].config,
        REQUEST,
        answer({"type": "error", "error": {"type": "x", "message": "no"}}, 400),
        path=PATH,
    )
    assert (outcome.status, outcome.json["error"]["message"]) == (400, "no")


def test_long_instructions_are_not_repeated() -> None:
    long = "x" * 70_000
    response = whole("openai-like", Said("Ho"), instructions=long)
    assert (response["instructions"], response["tools"], response["metadata"]) == (None, [], {"a": "b"})


def test_tools_with_many_values_are_not_repeated() -> None:
    tool = {"type": "function", "name": "f", "parameters": {"type": "object", "enum": [1.5] * 40_000}}
    response = whole("openai-like", Said("Ho"), tools=[tool], temperature=0.5)
    assert (response["instructions"], response["tools"], response["temperature"]) == (None, [], 0.5)


@pytest.mark.parametrize(
    "field",
    [
        {"user": "x" * 70_000},
        {"metadata": {"a": "x" * 70_000}},
        {"text": {"format": {"type": "json_schema", "name": "s", "schema": {"enum": [1] * 40_000}}}},
    ],
)
def test_other_long_fields_are_not_repeated_either(field: Json) -> None:
    response = whole("openai-like", Said("Ho"), **field)
    plain = whole("openai-like", Said("Ho"), instructions=None, tools=[], metadata=None)
    assert {name: response[name] for name in (*field, "instructions", "tools", "metadata")} == {
        name: plain[name] for name in (*field, "instructions", "tools", "metadata")
    }


# Other APIs.


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/v1/responses/resp_1", "Response with id 'resp_1' not found."),
        ("DELETE", "/v1/responses/resp_1", "Response with id 'resp_1' not found."),
        ("POST", "/v1/responses/resp_1/cancel", "Response with id 'resp_1' not found."),
        ("GET", "/v1/responses/resp_1/input_items", "Response with id 'resp_1' not found."),
        ("POST", "/v1/responses/compact", "the model service behind this route does not have this API"),
    ],
)
def test_nothing_is_stored(method: str, path: str, message: str) -> None:
    body = REQUEST if method == "POST" else None
    outcome = ask(CHATS, body, path=path, method=method)
    assert outcome.result["upstream"] is None
    assert (outcome.status, outcome.error["message"], outcome.error["type"]) == (404, message, "invalid_request_error")


@pytest.mark.parametrize(
    ("provider", "base"),
    [
        ({"type": "openai", "apiTokens": ["sk-1"]}, "/v1/responses"),
        ({"type": "qwen", "apiTokens": ["sk-1"]}, "/compatible-mode/v1/responses"),
        ({"type": "doubao", "apiTokens": ["sk-1"]}, "/api/v3/responses"),
        ({"type": "groq", "apiTokens": ["sk-1"]}, "/openai/v1/responses"),
        (
            {"type": "azure", "apiTokens": ["k"], "azureServiceUrl": "https://a.example/openai/v1?api-version=1"},
            "/openai/v1/responses",
        ),
    ],
)
def test_a_service_with_the_api_gets_what_the_client_says(provider: Json, base: str) -> None:
    mapped = {**provider, "modelMapping": {"m": "mapped"}}
    only_of_openai = ("/input_tokens", "/compact") if provider["type"] in {"openai", "azure"} else ()
    for suffix in ("", *only_of_openai):
        body = {"model": "m", "input": "Hi", "previous_response_id": "resp_0", "tools": [{"type": "mcp"}]}
        outcome = ask(mapped, body, answer({"id": "x"}), path=f"/v1/responses{suffix}?include=a")
        expected = {**body, "model": "mapped"}
        assert outcome.sent == expected
        assert outcome.sent_headers[":path"].startswith(f"{base}{suffix}?include=a")
        assert outcome.json == {"id": "x"}
    for method, suffix in (
        ("GET", "/resp_1"),
        ("DELETE", "/resp_1"),
        ("POST", "/resp_1/cancel"),
        ("GET", "/resp_1/input_items"),
    ):
        outcome = ask(provider, None, answer({"id": "resp_1"}), path=f"/v1/responses{suffix}", method=method)
        assert outcome.sent_headers[":path"].partition("?")[0] == base + suffix
        assert outcome.json == {"id": "resp_1"}
