"""Hunyuan's own protocol: requests and answers."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.converting import TALK, TOOL
from tests.ai_proxy.gateway import CHAT, Json, answer, ask, refusal, start, warnings
from tests.ai_proxy.protocols.hunyuan.sample import HUNYUAN

from ai_proxy import providers
from ai_proxy.pipeline.plans import Plans
from ai_proxy.wire import apis

UNREAD = b'{"model": "x",  "stream": true}'


def test_hunyuan_gets_tools_images_and_tool_results() -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}
    body = {**TALK, "messages": [*TALK["messages"], image], "tools": [TOOL], "tool_choice": TOOL, "stop": "x"}
    sent = ask(HUNYUAN, body).sent
    assert sent["Messages"][1]["Content"] == "What\nis this?"
    call = {"Id": "c1", "Type": "function", "Function": {"Name": "look", "Arguments": '{"at":"it"}'}}
    assert sent["Messages"][2]["ToolCalls"] == [call]
    assert sent["Messages"][3] == {"Role": "tool", "Content": "a cat", "ToolCallId": "c1"}
    assert sent["Messages"][4]["Contents"] == [{"Type": "image_url", "ImageUrl": {"Url": "u"}}]
    function = {"Name": "look", "Parameters": '{"type":"object","properties":{}}'}
    assert sent["Tools"] == [{"Type": "function", "Function": function}]
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


def test_hunyuan_is_forced_to_a_function() -> None:
    sent = ask(
        HUNYUAN, {**CHAT, "tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}}
    ).sent
    assert (sent["ToolChoice"], sent["CustomTool"]) == ("custom", sent["Tools"][0])


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("settings", "chat", "embeddings"),
    [
        ({"apiTokens": ["x"]}, "/v1/chat/completions", "/v1/embeddings"),
        ({"hunyuanAuthId": "i" * 36, "hunyuanAuthKey": "k" * 32}, "/", "/"),
    ],
)
def test_hunyuans_own_protocol_is_chat_for_unknown_paths(settings: Json, chat: str, embeddings: str) -> None:
    for client_path, path in (("/", chat), ("/v1/responses", chat), ("/v1/embeddings", embeddings)):
        outcome = ask({"type": "hunyuan", "protocol": "original", **settings}, UNREAD, path=client_path)
        assert outcome.sent_headers[":path"] == path
        assert outcome.sent_bytes == UNREAD


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("protocol", ["openai", "original"])
def test_tencent_cloud_has_one_path_and_a_request_without_a_body_gets_no_credential(protocol: str) -> None:
    config = {"type": "hunyuan", "hunyuanAuthId": "i" * 36, "hunyuanAuthKey": "k" * 32, "protocol": protocol}
    sent = ask(config, UNREAD, path="/what/ever?x=1").sent_headers
    assert (sent[":path"], sent["x-tc-action"], sent["x-tc-version"]) == ("/", "ChatCompletions", "2023-09-01")
    path = "/v1/models?x=1" if protocol == "original" else "/what/ever"
    sent = ask(config, path=path, method="GET").sent_headers
    assert (sent[":path"], sent.get("authorization")) == ("/", None)


@pytest.mark.usefixtures("both_ways")
def test_hunyuans_own_protocol_has_no_embeddings() -> None:
    config = {"type": "hunyuan", "hunyuanAuthId": "i" * 36, "hunyuanAuthKey": "k" * 32}
    assert ask(config, {"model": "m", "input": "x"}, path="/v1/embeddings").status == 404


def test_an_api_that_a_service_takes_for_a_chat_has_the_plan_of_the_chat() -> None:
    document = {"type": "hunyuan", "apiTokens": ["k"], "protocol": "original"}
    plans = Plans(providers.build(document, "provider"))
    assert plans[""] is plans[apis.CHAT]
    assert plans[apis.EMBEDDINGS] is not plans[apis.CHAT]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"hunyuanAuthKey": "k" * 32}, "provider.hunyuanAuthId: is required"),
        ({"hunyuanAuthId": "short"}, "provider.hunyuanAuthId: must have 36 characters, got 5"),
    ],
)
def test_keys_of_tencent_cloud_come_in_pairs(settings: Json, problem: str) -> None:
    assert problem in refusal({"provider": {"type": "hunyuan", **settings}})


def test_no_key_of_tencent_cloud_is_printed() -> None:
    outcome = start({"provider": {"type": "hunyuan", "hunyuanAuthId": "a", "hunyuanAuthKey": "sk-secret"}})
    assert outcome.result["start"] == "failed"
    assert "sk-secret" not in str(outcome.result)


def test_tokens_have_no_effect_where_requests_are_signed() -> None:
    assert warnings({"provider": HUNYUAN}) == []
    (logged,) = warnings({"provider": {**HUNYUAN, "apiTokens": ["k"]}})
    assert logged.startswith("provider.apiTokens: has no effect: hunyuan gets no token but signed")
