"""Hunyuan's own protocol: requests and answers."""

from __future__ import annotations

import json

from tests.ai_proxy.converting import TALK, TOOL
from tests.ai_proxy.gateway import CHAT, answer, ask, refusal, start
from tests.ai_proxy.protocols.hunyuan.sample import HUNYUAN


def test_hunyuan_gets_tools_images_and_tool_results() -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}
    body = {**TALK, "messages": [*TALK["messages"], image], "tools": [TOOL], "tool_choice": TOOL, "stop": "x"}
    sent = ask(HUNYUAN, body).sent
    assert sent["Messages"][1]["Content"] == "What\nis this?"
    call = {"Id": "c1", "Type": "function", "Function": {"Name": "look", "Arguments": '{"at":"it"}'}}
    assert sent["Messages"][2]["ToolCalls"] == [call]
    assert sent["Messages"][3] == {"Role": "tool", "Content": "a cat", "ToolCallId": "c1"}
    assert sent["Messages"][4]["Contents"] == [{"Type": "image_url", "ImageUrl": {"Url": "u"}}]
    assert sent["Tools"] == [{"Type": "function", "Function": {"Name": "look", "Parameters": '{"type":"object"}'}}]
    assert sent["ToolChoice"] == "custom"
    assert sent["Stop"] == ["x"]


def test_hunyuan_tool_calls_and_reasoning_come_back() -> None:
    call = {"Id": "c", "Index": 0, "Function": {"Name": "look", "Arguments": "{}"}}
    message = {"Role": "assistant", "Content": "", "ReasoningContent": "hm", "ToolCalls": [call]}
    document = {"Response": {"Id": "h", "Choices": [{"FinishReason": "tool_calls", "Message": message}]}}
    (choice,) = ask(HUNYUAN, CHAT, answer(document)).json["choices"]
    assert choice["message"]["reasoning_content"] == "hm"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}
    assert choice["finish_reason"] == "tool_calls"


def test_hunyuan_signs_for_the_host_that_it_goes_to() -> None:
    here, there = ask(HUNYUAN, CHAT), ask({**HUNYUAN, "providerDomain": "hunyuan.example.com"}, CHAT)
    assert there.sent_headers[":authority"] == "hunyuan.example.com"
    assert here.sent_headers["authorization"] != there.sent_headers["authorization"]


def test_hunyuan_gets_the_content_type_that_the_signature_covers() -> None:
    body = json.dumps(CHAT).encode()
    plain, more = (
        ask(HUNYUAN, form=body, headers=[("content-type", f"application/json{end}")]) for end in ("", "; charset=utf-8")
    )
    assert more.sent_headers["content-type"] == "application/json"
    assert more.sent_headers["authorization"] == plain.sent_headers["authorization"]


def test_hunyuan_keys_have_their_lengths_and_stay_secret() -> None:
    assert "hunyuanAuthKey" in refusal({"provider": {**HUNYUAN, "hunyuanAuthKey": "short-secret"}})
    assert "short-secret" not in refusal({"provider": {**HUNYUAN, "hunyuanAuthKey": "short-secret"}})
    assert start({"provider": {"type": "hunyuan", "apiTokens": ["t"]}}).result["start"] == "ok"


def test_hunyuan_gets_only_parts_that_it_supports() -> None:
    sound = {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}
    body = {**CHAT, "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, sound]}]}
    outcome = ask(HUNYUAN, body)
    assert outcome.sent["Messages"] == [{"Role": "user", "Content": "a"}]
    assert "input_audio" in outcome.logs


def test_hunyuan_gets_its_own_parameters() -> None:
    own = {"enable_enhancement": False, "stream_moderation": True, "search_info": False}
    sent = ask(HUNYUAN, {**CHAT, **own, "reasoning_effort": "none"}).sent
    assert (sent["EnableEnhancement"], sent["StreamModeration"], sent["SearchInfo"]) == (False, True, False)
    assert sent["EnableThinking"] is False
