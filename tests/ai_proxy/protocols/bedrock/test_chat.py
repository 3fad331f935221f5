"""AWS Bedrock's Converse API."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, Json, answer, ask, refusal
from tests.ai_proxy.natives import BEDROCK
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame, header

from proxywasm_host.recordings.exchange import Message

BODY: Json = {**CHAT, "model": "anthropic.claude-3"}
FUNCTION: Json = {"type": "function", "function": {"name": "f"}}
HI: Json = {"output": {"message": {"content": [{"text": "Hi"}]}}, "stopReason": "end_turn"}


def sent(body: Json, **settings: object) -> Json:
    return ask({**BEDROCK, **settings}, {**BODY, **body}, answer(HI)).sent


def stream(*frames: bytes) -> Message:
    return Message([(":status", "200"), ("content-type", "application/vnd.amazon.eventstream")], frames)


def event(name: str, payload: bytes) -> bytes:
    return frame(payload, header(":event-type", name) + header(":message-type", "event"))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {"auto": {}}),
        ("required", {"any": {}}),
        ({"type": "function", "function": {"name": "f"}}, {"tool": {"name": "f"}}),
    ],
)
def test_tool_choice(choice: object, expected: Json) -> None:
    assert sent({"tools": [FUNCTION], "tool_choice": choice})["toolConfig"]["toolChoice"] == expected


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(("requested", "sent"), [(None, "2023-06-01"), ("2099-01-01", "2099-01-01")])
def test_anthropics_own_api_gets_a_version(requested: str | None, sent: str) -> None:
    headers = [("anthropic-version", requested)] if requested else []
    outcome = ask(BEDROCK, {**BODY, "max_tokens": 9}, path="/v1/messages", headers=headers)
    assert outcome.sent_headers["anthropic-version"] == sent


def test_no_tool_is_named_when_none_is_wanted() -> None:
    """Weakness 17."""
    assert "toolConfig" not in sent({"tools": [FUNCTION], "tool_choice": "none"})


def test_messages_with_tool_calls_lose_nothing_and_roles_alternate() -> None:
    """Weakness 49."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    conversation: list[Json] = [
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "d"},
        {"role": "user", "content": "e"},
    ]
    messages = sent({"messages": conversation})["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert [next(iter(block)) for message in messages for block in message["content"]] == [
        "text", "text", "text", "toolUse", "toolResult", "text",
    ]  # fmt: skip


def test_stop_and_zero_values_are_kept() -> None:
    config = sent({"stop": "x", "temperature": 0, "max_tokens": 5})["inferenceConfig"]
    assert config == {"stopSequences": ["x"], "temperature": 0, "maxTokens": 5}


@pytest.mark.parametrize(("model", "thinks"), [("us.anthropic.claude-x", True), ("amazon.nova-pro", False)])
def test_only_models_that_support_thinking_get_it(model: str, thinks: bool) -> None:
    body = sent({"model": model, "reasoning_effort": "low"})
    assert ("additionalModelRequestFields" in body) is thinks


def test_a_model_with_thinking_is_not_forced_to_call_and_gets_no_sampling_parameters() -> None:
    requested = {
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": "required",
        "top_p": 0.5,
        "temperature": 0.5,
    }
    body = sent({"model": "us.anthropic.claude-sonnet-4-20250514-v1:0", "reasoning_effort": "low", **requested})
    assert (body["inferenceConfig"], body["toolConfig"]["toolChoice"]) == ({}, {"auto": {}})
    body = sent({"model": "us.anthropic.claude-sonnet-4-20250514-v1:0", **requested})
    assert body["inferenceConfig"] == {"temperature": 0.5, "topP": 0.5}
    assert body["toolConfig"]["toolChoice"] == {"any": {}}


def test_calls_of_a_stream_are_numbered() -> None:
    """Weakness 49."""

    def tool(index: int) -> list[bytes]:
        start = b'{"contentBlockIndex":%d,"start":{"toolUse":{"toolUseId":"t%d","name":"f"}}}' % (index, index)
        delta = b'{"contentBlockIndex":%d,"delta":{"toolUse":{"input":"{}"}}}' % index
        return [event("contentBlockStart", start), event("contentBlockDelta", delta)]

    frames = [event("messageStart", b'{"role":"assistant"}'), *tool(1), *tool(2)]
    outcome = ask(
        BEDROCK, {**BODY, "stream": True}, stream(*frames, event("messageStop", b'{"stopReason":"tool_use"}'))
    )
    text = outcome.raw.decode()
    assert outcome.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert [text.count(f'"tool_calls":[{{"index":{index}') for index in (0, 1)] == [2, 2]
    assert outcome.data[-1] == "[DONE]"


@pytest.mark.parametrize("kind", ["exception", "event"])
def test_an_exception_is_an_error(kind: str) -> None:
    """Weakness 3."""
    headers = header(":message-type", kind) + header(f":{kind}-type", "throttlingException")
    outcome = ask(BEDROCK, {**BODY, "stream": True}, stream(frame(b'{"message":"slow down"}', headers)))
    assert (outcome.status, outcome.error["message"]) == (429, "slow down")


def test_binary_garbage_does_not_reach_the_client() -> None:
    """Weakness 3."""
    outcome = ask(BEDROCK, {**BODY, "stream": True}, stream(b"\x00" * 40))
    assert outcome.status == 502


def test_the_signature_covers_the_host() -> None:
    """Weakness 49: with another domain the original's signature is wrong."""
    keys = {"apiTokens": None, "awsAccessKey": "k", "awsSecretKey": "s"}
    hosts = [
        ask({**BEDROCK, **keys, "providerDomain": domain}, BODY, answer(HI)).sent_headers
        for domain in ("a.example", "b.example")
    ]
    assert hosts[0][":authority"] == "a.example"
    assert hosts[0]["authorization"] != hosts[1]["authorization"]


def test_credentials_are_needed() -> None:
    assert "awsRegion" in refusal({"provider": {**BEDROCK, "awsRegion": " "}})
    assert "awsAccessKey" in refusal({"provider": {"type": "bedrock", "awsRegion": "r", "awsAccessKey": "k"}})


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("end_turn", "stop"), ("max_tokens", "length"), ("tool_use", "stop"), ("new", "stop"),
     ("guardrail_intervened", "content_filter"), ("content_filtered", "content_filter")],
)  # fmt: skip
def test_finish_reasons_are_openais(reason: str, expected: str) -> None:
    document = {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": reason}
    assert ask(BEDROCK, CHAT, answer(document)).json["choices"][0]["finish_reason"] == expected


def test_files_in_s3_are_sent_as_addresses() -> None:
    image = {"type": "image_url", "image_url": {"url": "s3://bucket/cat.jpg"}}
    (message,) = ask(BEDROCK, {**CHAT, "messages": [{"role": "user", "content": [image]}]}).sent["messages"]
    assert message["content"] == [
        {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/cat.jpg"}}}}
    ]


def test_fields_of_aws_are_passed_on() -> None:
    guard = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    sent = ask(BEDROCK, {**CHAT, "guardrailConfig": guard, "performanceConfig": {"latency": "optimized"}}).sent
    assert (sent["guardrailConfig"], sent["performanceConfig"]) == (guard, {"latency": "optimized"})
