"""What a model wants back of earlier turns reaches it, through clients of both protocols."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, STREAM, Json, answer, ask, events
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, VERTEX

MODEL = "gemini-3-pro-preview"
SIGNATURE = "SIGabc+/xy=="
CALL = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": SIGNATURE}
SECOND = {"functionCall": {"name": "f", "args": {"a": 2}}}
STAND_IN = "skip_thought_signature_validator"
TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
QUESTION = {"role": "user", "content": "?"}


def gemini(*parts: Json) -> Json:
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [*parts]}, "finishReason": "STOP"}]}


def message(blocks: list[Json], tool_id: str = "t") -> Json:
    """A request of Anthropic's client with the result of the call in these blocks."""
    result = {"type": "tool_result", "tool_use_id": tool_id, "content": "5"}
    turns = [QUESTION, {"role": "assistant", "content": blocks}, {"role": "user", "content": [result]}]
    return {"model": MODEL, "max_tokens": 9000, "tools": [TOOL], "messages": turns}


def blocks_of(data: list[str]) -> list[Json]:
    """The content blocks of a stream in Anthropic's protocol, as its SDKs build them."""
    blocks: list[Any] = []
    for event in map(json.loads, data):
        if event["type"] == "content_block_start":
            blocks.append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            delta = event["delta"]
            for name in ("thinking", "text", "signature"):
                if name in delta:
                    blocks[-1][name] += delta[name]
            if "partial_json" in delta:
                blocks[-1]["input"] = json.loads(delta["partial_json"])
    return blocks


@pytest.mark.parametrize("provider", [GEMINI, VERTEX], ids=["gemini", "vertex"])
@pytest.mark.parametrize("thought", [[], [{"text": "hm", "thought": True}]], ids=["no thought", "thought"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_signatures_of_calls_go_through_clients_of_anthropic(
    provider: Json, thought: list[Json], streams: bool
) -> None:
    document = gemini(*thought, CALL, SECOND)
    first = {**message([]), "messages": [QUESTION], "stream": streams}
    if streams:
        outcome = ask(provider, first, events(f"data: {json.dumps(document)}\n\n".encode()), path="/v1/messages")
        blocks = blocks_of(outcome.data)
    else:
        blocks = ask(provider, first, answer(document), path="/v1/messages").json["content"]
    assert [block["type"] for block in blocks] == ["thinking", "tool_use", "tool_use"]
    assert SIGNATURE in blocks[0]["signature"]
    sent = ask(provider, message(blocks, blocks[1]["id"]), path="/v1/messages").sent
    assert sent["contents"][1]["parts"] == [CALL, SECOND]


@pytest.mark.parametrize("provider", [GEMINI, VERTEX], ids=["gemini", "vertex"])
@pytest.mark.parametrize("keeps", ["extra_content", "id"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_signatures_of_calls_go_through_clients_of_openai(provider: Json, keeps: str, streams: bool) -> None:
    document = gemini(CALL, SECOND)
    if streams:
        chunks = f"data: {json.dumps(document)}\n\n".encode()
        data = ask(provider, {**STREAM, "model": MODEL}, events(chunks)).data[:-1]
        deltas = [choice["delta"] for chunk in map(json.loads, data) for choice in chunk["choices"]]
        calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    else:
        calls = ask(provider, {**CHAT, "model": MODEL}, answer(document)).json["choices"][0]["message"]["tool_calls"]
    if keeps == "id":
        calls = [{name: call[name] for name in ("id", "type", "function")} for call in calls]
    else:
        calls = [{**call, "id": f"c{place}"} for place, call in enumerate(calls)]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "5"} for call in calls]
    turns = [QUESTION, {"role": "assistant", "content": None, "tool_calls": calls}, *results]
    sent = ask(provider, {**CHAT, "model": MODEL, "messages": turns}).sent
    assert sent["contents"][1]["parts"] == [CALL, SECOND]
    assert [part["functionResponse"]["name"] for part in sent["contents"][2]["parts"]] == ["f", "f"]
    # At another service the ids are as plain as any.
    tools = [{"type": "function", "function": {"name": "f", "parameters": TOOL["input_schema"]}}]
    openai = {"type": "openai", "apiTokens": ["k"]}
    plain = ask(openai, {**CHAT, "messages": turns, "tools": tools}).sent["messages"]
    assert "__thought__" not in str(plain)
    assert plain[1]["tool_calls"][0]["id"] == plain[2]["tool_call_id"]


def test_the_signatures_of_other_services_are_not_googles() -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    claudes = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    sent = ask(GEMINI, message([claudes, use]), path="/v1/messages").sent
    assert sent["contents"][1]["parts"][-1]["thoughtSignature"] == STAND_IN
    googles = {"type": "thinking", "thinking": "hm", "signature": f"google:{SIGNATURE}"}
    bedrock = {**BEDROCK, "bedrockMessagesApi": False}
    body = {**message([googles, use]), "model": "us.anthropic.claude-opus-4-7"}
    assert "reasoningContent" not in str(ask(bedrock, body, path="/v1/messages").sent)
    older = ask(GEMINI, {**message([googles, use]), "model": "gemini-2.0-flash"}, path="/v1/messages").sent
    assert "thoughtSignature" not in str(older)


THINKERS = [
    ("moonshot", "kimi-k2.6"), ("zhipuai", "glm-4.6"), ("deepseek", "deepseek-v4-pro"), ("minimax", "MiniMax-M2"),
    ("openrouter", "moonshotai/kimi-k2.6"), ("together-ai", "moonshotai/Kimi-K2.6"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "model"), THINKERS)
def test_thinking_goes_back_as_reasoning(kind: str, model: str) -> None:
    provider = {"type": kind, "apiTokens": ["k"], "capabilities": {}}
    blocks: list[Json] = [
        {"type": "thinking", "thinking": "I need f.", "signature": ""},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
    ]
    outcome = ask(provider, {**message(blocks), "model": model}, path="/v1/messages")
    if outcome.sent_headers[":path"].endswith("/v1/messages"):
        return  # The service's own endpoint for Anthropic's API: nothing is converted.
    assert outcome.sent["messages"][1]["reasoning_content"] == "I need f."
    call = outcome.sent["messages"][1]["tool_calls"][0]
    assert "index" not in call, "only streams have it"


def test_thinking_does_not_go_to_a_service_that_has_no_place_for_it() -> None:
    blocks = [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "a"}]
    groq = {"type": "groq", "apiTokens": ["k"]}
    sent = ask(groq, {**message(blocks), "model": "llama-3.3-70b-versatile"}, path="/v1/messages").sent
    assert "reasoning_content" not in sent["messages"][1]


@pytest.mark.parametrize("off", [False, True])
def test_kimi_gets_reasoning_with_each_call_unless_it_does_not_think(off: bool) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [QUESTION, {"role": "assistant", "content": "", "tool_calls": [call]},
             {"role": "tool", "tool_call_id": "c", "content": "5"}]  # fmt: skip
    body = {**CHAT, "model": "kimi-k2.6", "messages": turns, **({"reasoning_effort": "none"} if off else {})}
    sent = ask({"type": "moonshot", "apiTokens": ["k"]}, body).sent
    assert ("reasoning_content" in sent["messages"][1]) is not off
    assert sent.get("thinking") == ({"type": "disabled"} if off else None)


TOOL_TURNS = [("claude-sonnet-4-5", False), ("claude-opus-4-6", False), ("claude-opus-4-7", True)]


@pytest.mark.parametrize("provider", [CLAUDE, BEDROCK, VERTEX], ids=["claude", "bedrock", "vertex"])
@pytest.mark.parametrize(
    ("model", "thinks"), [("claude-sonnet-4-5", False), ("claude-opus-4-6", False), ("claude-opus-4-7", True)]
)
def test_a_tool_turn_without_its_thinking_goes_on_without_thinking(provider: Json, model: str, thinks: bool) -> None:
    name = model if provider is not BEDROCK else f"us.anthropic.{model}"
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    result = {"role": "tool", "tool_call_id": "c", "content": "5"}
    tool = {"type": "function", "function": {"name": "f", "parameters": TOOL["input_schema"]}}

    def asks(**turn: object) -> bool:
        turns = [QUESTION, {"role": "assistant", "content": None, "tool_calls": [call], **turn}, result]
        sent = ask(
            provider, {**CHAT, "model": name, "messages": turns, "tools": [tool], "reasoning_effort": "high"}
        ).sent
        return "thinking" in sent or "thinking" in sent.get("additionalModelRequestFields", {})

    assert asks() is thinks
    assert asks(reasoning_content="hm", reasoning_signature="c2ln")


def test_bedrock_shows_clients_of_openai_the_signature_so_that_a_second_turn_works() -> None:
    thinking = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}}
    use = {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}}
    document = {"output": {"message": {"role": "assistant", "content": [thinking, use]}}, "stopReason": "tool_use"}
    body = {**CHAT, "model": "us.anthropic.claude-sonnet-4-5", "reasoning_effort": "high"}
    said = ask(BEDROCK, body, answer(document)).json["choices"][0]["message"]
    turns = [QUESTION, said, {"role": "tool", "tool_call_id": "t", "content": "5"}]
    sent = ask(BEDROCK, {**body, "messages": turns}).sent
    assert sent["messages"][1]["content"] == [thinking, use]
    assert sent["additionalModelRequestFields"]["thinking"]["type"] == "enabled"


def test_marks_for_caching_become_cache_points() -> None:
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    body = {
        "model": "us.anthropic.claude-sonnet-4-5", "max_tokens": 9, "tools": [{**TOOL, **mark}],
        "system": [{"type": "text", "text": "a", **mark}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "b", **mark}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "5", **mark}]},
        ],
    }  # fmt: skip
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    sent = ask({**BEDROCK, "bedrockMessagesApi": False}, body, path="/v1/messages").sent
    assert sent["system"] == [{"text": "a"}, point]
    assert sent["messages"][0]["content"] == [{"text": "b"}, point]
    assert sent["messages"][2]["content"][1:] == [point]
    assert sent["toolConfig"]["tools"][1:] == [point]
    nova = ask(BEDROCK, {**body, "model": "us.amazon.nova-pro-v1:0"}, path="/v1/messages").sent
    assert (nova["system"][1:], nova["toolConfig"]["tools"][1:]) == ([point], [])
    llama = ask(BEDROCK, {**body, "model": "us.meta.llama4-v1:0"}, path="/v1/messages").sent
    assert "cachePoint" not in str(llama)
