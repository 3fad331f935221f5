"""Tool calls and results reach every service, in its own format or as text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.conversions import PROVIDERS, convert
from tests.ai_proxy.converting import SAMPLES, TRANSCRIPTS
from tests.ai_proxy.gateway import CHAT, NATIVE, Json, ask
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, VERTEX

IMAGE: Json = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def call(call_id: str, name: str, arguments: Any, **more: Any) -> Json:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


TURN: list[Json] = [
    {"role": "user", "content": "What is there?"},
    {
        "role": "assistant",
        "content": "I look.",
        "tool_calls": [call("c1", "look", '{"at": "it"}', index=0), call("c2", "listen", "", index=1)],
    },
    {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "a purr"}]},
    {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    {"role": "user", "content": "So?"},
]
TOOLS: list[Json] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("look", "listen")
]
TALK: Json = {**CHAT, "messages": TURN, "tools": TOOLS}


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", PROVIDERS)
def test_nothing_of_a_turn_is_lost(name: str) -> None:
    config, model = PROVIDERS[name]
    sent = ask({**config, "modelMapping": {"*": model}}, TALK).result["upstream"]["body"]
    said = ["What is there?", "a purr", "a cat", "So?", "I look."]
    made = ["look", "listen"] if name not in SAMPLES or SAMPLES[name].has_calls else []
    for text in (*said, *made):
        assert text in sent
    if made:
        assert '{"at":"it"}' in sent.replace("\\", "").replace(" ", "")


NATIVELY: dict[str, tuple[Json, str, list[Any]]] = {
    "claude": (CLAUDE, "messages", [
        {"role": "user", "content": "What is there?"},
        {"role": "assistant", "content": [
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": "it"}},
            {"type": "tool_use", "id": "c2", "name": "listen", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c2", "content": "a purr"},
            {"type": "tool_result", "tool_use_id": "c1", "content": "a cat"}]},
        {"role": "user", "content": "So?"},
    ]),
    "bedrock": (BEDROCK, "messages", [
        {"role": "user", "content": [{"text": "What is there?"}]},
        {"role": "assistant", "content": [
            {"text": "I look."},
            {"toolUse": {"input": {"at": "it"}, "name": "look", "toolUseId": "c1"}},
            {"toolUse": {"input": {}, "name": "listen", "toolUseId": "c2"}}]},
        {"role": "user", "content": [
            {"toolResult": {"toolUseId": "c2", "content": [{"text": "a purr"}]}},
            {"toolResult": {"toolUseId": "c1", "content": [{"text": "a cat"}]}},
            {"text": "So?"}]},
    ]),
    **{name: (one.config, *one.tool_turn) for name, one in SAMPLES.items() if one.tool_turn},
}  # fmt: skip


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", NATIVELY)
def test_a_service_with_tools_gets_them_in_its_own_terms(name: str) -> None:
    config, place, expected = NATIVELY[name]
    assert ask(config, TALK).sent[place] == expected


TEXT = (
    "USER: \nWhat is there?\n"
    'ASSISTANT: \nI look.\nlook({"at": "it"})\nlisten({})\n'
    "TOOL: \nlisten({})\na purr\n"
    'TOOL: \nlook({"at": "it"})\na cat\n'
    "USER: \nSo?\n"
)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_service_without_tools_gets_them_as_text(name: str) -> None:
    assert ask(SAMPLES[name].config, TALK).sent[SAMPLES[name].transcript] == TEXT


@pytest.mark.parametrize("config", [GEMINI, VERTEX, BEDROCK, CLAUDE], ids=["gemini", "vertex", "bedrock", "claude"])
def test_images_in_the_result_of_a_tool_arrive(config: Json) -> None:
    result = {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "a cat"}, IMAGE]}
    sent = ask(config, {**TALK, "messages": [*TURN[:3], result]}).sent
    assert "iVBORw0KGgo=" in json.dumps(sent)
    if config in (GEMINI, VERTEX):
        # The results of all calls come first: there must be as many of them as calls.
        assert [next(iter(part)) for part in sent["contents"][-1]["parts"]] == [
            "functionResponse", "functionResponse", "inlineData"
        ]  # fmt: skip


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("arguments", ["", None, "{", "[]", {"at": "it"}])
def test_a_turn_is_converted_with_any_arguments(name: str, arguments: Any) -> None:
    turn = [TURN[0], {"role": "assistant", "content": None, "tool_calls": [call("c1", "look", arguments)]}, *TURN[3:]]
    assert "a cat" in json.dumps(convert(name, {**CHAT, "messages": turn, "tools": TOOLS}))


@pytest.mark.usefixtures("both_ways")
def test_a_strict_tool_is_strict_for_bedrock() -> None:
    strict = {"type": "function", "function": {**TOOLS[0]["function"], "strict": True}}
    assert ask(BEDROCK, {**CHAT, "tools": [strict]}).sent["toolConfig"]["tools"][0]["toolSpec"]["strict"] is True


def test_qwen_keeps_calls_and_results_as_they_are() -> None:
    sent = ask(NATIVE, TALK).sent["input"]["messages"]
    assert [message.get("tool_call_id") for message in sent] == [None, None, "c2", "c1", None]
    first, second = TURN[1]["tool_calls"]
    # Arguments that are no JSON are refused.
    assert sent[1]["tool_calls"] == [first, {**second, "function": {**second["function"], "arguments": "{}"}}]
