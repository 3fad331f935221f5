"""Hunyuan, MiniMax Pro, Dify, Cohere, DeepL, Spark and Triton: what goes there, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.converting import (
    ALL,
    COHERE,
    DEEPL,
    DIFY,
    ERRORS,
    HUNYUAN,
    MINIMAX,
    SPARK,
    TRITON,
    WORKFLOW,
    chunks,
)
from tests.ai_proxy.gateway import CHAT, STREAM, Json, Outcome, answer, ask, events, refusal, start

TALK: Json = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What"}, {"type": "text", "text": "is this?"}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at":"it"}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ],
}  # fmt: skip
TOOL: Json = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
STREAMING = [name for name in ALL if name != "deepl"]


def sse(*documents: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)


def streamed(name: str, *more: bytes, documents: list[Any] | None = None) -> Outcome:
    given = chunks(name) if documents is None else documents
    done = (b"data: [DONE]\n\n",) if name == "spark" and documents is None else ()
    return ask(ALL[name], {**STREAM, "model": "m"}, events(*map(sse, given), *done, *more, b""))


# What every one of them keeps to.


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_has_role_text_finish_and_done(name: str) -> None:
    data = streamed(name).data
    assert data.pop() == "[DONE]"
    documents = [json.loads(item) for item in data]
    assert {document["object"] for document in documents} == {"chat.completion.chunk"}
    assert len({document["id"] for document in documents}) == 1
    choices = [document["choices"][0] for document in documents if document["choices"]]
    assert choices[0]["delta"]["role"] == "assistant"
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == "Hi there"
    reasons = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    assert reasons == ["length" if name == "cohere" else "stop"]


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_that_is_cut_ends_with_an_error_and_without_done(name: str) -> None:
    outcome = streamed(name, b'data: {"ev', documents=chunks(name)[:1])
    assert json.loads(outcome.raw.split(b"data: ")[-1])["error"]["code"] == "stream_cut"


@pytest.mark.parametrize("name", ALL)
def test_an_error_in_an_answer_of_status_200_has_the_status_that_it_means(name: str) -> None:
    document, status, message = ERRORS[name]
    outcome = ask(ALL[name], {**CHAT, "model": "m"}, answer(document))
    assert (outcome.status, outcome.error["message"]) == (status, message)


@pytest.mark.parametrize("name", STREAMING)
def test_an_error_in_a_stream_is_told_and_ends_it(name: str) -> None:
    document, status, message = ERRORS[name]
    at_once = streamed(name, documents=[document])
    assert (at_once.status, at_once.error["message"]) == (status, message)
    if name == "workflow":
        return  # It says nothing before it is done.
    later = streamed(name, documents=[*chunks(name)[: 3 if name == "cohere" else 1], document])
    assert json.loads(later.data[-1])["error"]["message"] == message


@pytest.mark.parametrize("name", ALL)
def test_an_answer_that_makes_no_sense_is_502(name: str) -> None:
    outcome = ask(ALL[name], {**CHAT, "model": "m"}, answer({"unexpected": True}))
    assert (outcome.status, outcome.error["code"]) == (502, "bad_upstream_response")


# Hunyuan.


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


# MiniMax.


def test_minimax_names_the_speakers() -> None:
    sent = ask(MINIMAX, {**TALK, "max_completion_tokens": 9, "temperature": 0}).sent
    assert sent["bot_setting"][0]["content"] == "Be brief."
    assert [message["sender_type"] for message in sent["messages"]] == ["USER", "BOT", "FUNCTION"]
    assert (sent["tokens_to_generate"], sent["temperature"]) == (9, 0)


def test_minimax_gets_a_description_when_there_is_no_system_prompt() -> None:
    assert len(ask(MINIMAX, CHAT).sent["bot_setting"]) == 1


@pytest.mark.usefixtures("both_ways")
def test_minimax_finishes_each_choice_with_nothing_lost_and_nothing_said_twice() -> None:
    def said(*choices: tuple[int, str, str]) -> Json:
        items = [
            {"index": index, "finish_reason": reason, "messages": [{"sender_type": "BOT", "text": text}]}
            for index, text, reason in choices
        ]
        return {"id": "m", "choices": items}

    stream = events(sse(said((0, "Hi", "")), said((0, "Hi", "stop"), (1, "Hello", "stop"))))
    written = [json.loads(data) for data in ask(MINIMAX, {**STREAM, "n": 2}, stream).data[:-1]]
    choices = [choice for chunk in written for choice in chunk["choices"]]
    told = [(choice["index"], choice["delta"].get("content"), choice["finish_reason"]) for choice in choices]
    assert told == [(0, "Hi", None), (0, None, "stop"), (1, "Hello", None), (1, None, "stop")]


# Dify.


def test_dify_tells_speakers_apart() -> None:
    assert ask(DIFY, TALK).sent["query"] == (
        'SYSTEM: \nBe brief.\nUSER: \nWhat\nis this?\nASSISTANT: \nlook({"at":"it"})\nTOOL: \na cat\n'
    )


def test_dify_conversations_go_on_by_a_header() -> None:
    document = {"answer": "Hi", "conversation_id": "c-2"}
    outcome = ask(DIFY, CHAT, answer(document), headers=[("conversationid", "c-1")])
    assert outcome.sent["conversation_id"] == "c-1"
    assert outcome.headers["conversationid"] == "c-2"
    assert streamed("dify").headers["conversationid"] == "c"


def test_a_workflow_that_streams_its_text_says_it_once() -> None:
    documents = [
        {"event": "workflow_started", "data": {"workflow_id": "w"}},
        {"event": "text_chunk", "data": {"text": "Hi"}},
        {"event": "text_chunk", "data": {"text": " there"}},
        {"event": "workflow_finished", "data": {"outputs": {"out": "Hi there"}}},
    ]
    data = streamed("workflow", documents=documents).data
    texts = [json.loads(item)["choices"][0]["delta"].get("content") or "" for item in data[:-1]]
    assert "".join(texts) == "Hi there"


@pytest.mark.parametrize("total", [9, 0])
def test_a_workflow_answers_by_its_variables(total: int) -> None:
    data = {"workflow_id": "w", "status": "succeeded", "outputs": {"out": {"a": 1}}, "total_tokens": total}
    document = {"data": data}
    outcome = ask(WORKFLOW, CHAT, answer(document))
    assert outcome.sent["inputs"] == {"in": "USER: \nHi\n"}
    assert outcome.json["choices"][0]["message"]["content"] == '{"a":1}'
    assert outcome.json["usage"]["total_tokens"] == total


def test_dify_needs_to_know_the_kind_of_app() -> None:
    assert "botType" in refusal({"provider": {"type": "dify", "apiTokens": ["a"]}})
    assert "botType" in refusal({"provider": {**DIFY, "botType": "Robot"}})


# Cohere.


def test_cohere_gets_the_whole_conversation() -> None:
    body = {**TALK, "tools": [TOOL], "tool_choice": "required", "stop": "x", "top_k": 5, "top_p": 0.5, "n": 2}
    sent = ask(COHERE, body).sent
    assert [message["role"] for message in sent["messages"]] == ["system", "user", "assistant", "tool"]
    assert sent["messages"][3] == {"role": "tool", "tool_call_id": "c1", "content": "a cat"}
    assert (sent["k"], sent["p"], sent["stop_sequences"], sent["tool_choice"]) == (5, 0.5, ["x"], "REQUIRED")
    assert "n" not in sent


def test_cohere_is_forced_to_a_function_by_leaving_out_the_others() -> None:
    other = {"type": "function", "function": {"name": "listen"}}
    choice = {"type": "function", "function": {"name": "look"}}
    sent = ask(COHERE, {**TALK, "tools": [other, TOOL], "tool_choice": choice}).sent
    assert (sent["tools"], sent["tool_choice"]) == ([TOOL], "REQUIRED")


def test_cohere_answers_of_both_versions_are_understood() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]
    new = {"id": "c", "message": {"content": parts}, "finish_reason": "COMPLETE"}
    message = ask(COHERE, CHAT, answer(new)).json["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Hi", "hm")
    old = {"text": "Hi", "finish_reason": "MAX_TOKENS", "meta": {"tokens": {"input_tokens": 1, "output_tokens": 2}}}
    document = ask(COHERE, CHAT, answer(old)).json
    assert document["choices"][0]["finish_reason"] == "length"
    assert document["usage"]["total_tokens"] == 3


def test_cohere_streams_parallel_tool_calls() -> None:
    def call(kind: str, index: int, **function: str) -> Json:
        given = {"id": f"c{index}", "function": function} if kind == "start" else {"function": function}
        return {"type": f"tool-call-{kind}", "index": index, "delta": {"message": {"tool_calls": given}}}

    documents = [
        {"type": "message-start", "id": "x"},
        {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}},
        call("start", 0, name="look", arguments=""), call("delta", 0, arguments="{}"), {"type": "tool-call-end"},
        call("start", 1, name="listen", arguments=""), call("delta", 1, arguments="{}"), {"type": "tool-call-end"},
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}},
    ]  # fmt: skip
    data = streamed("cohere", documents=documents).data
    deltas = [json.loads(item)["choices"][0]["delta"] for item in data[:-1]]
    calls = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert [(call["index"], call.get("id"), call["function"].get("name")) for call in calls] == [
        (0, "c0", "look"), (0, None, None), (1, "c1", "listen"), (1, None, None),
    ]  # fmt: skip


# DeepL.


def test_deepl_makes_a_stream_of_a_whole_answer() -> None:
    document = {"translations": [{"detected_source_language": "EN", "text": "Hallo"}, {"text": "Welt"}]}
    outcome = ask(DEEPL, STREAM, answer(document))
    assert outcome.headers["content-type"] == "text/event-stream"
    assert outcome.data[-1] == "[DONE]"
    assert [json.loads(item)["choices"][0]["index"] for item in outcome.data[:-1]] == [0, 0, 1, 1]


def test_deepl_models_choose_the_host() -> None:
    assert ask(DEEPL, CHAT).sent_headers[":authority"] == "api.deepl.com"
    assert ask({**DEEPL, "modelMapping": {"*": "Free"}}, CHAT).sent_headers[":authority"] == "api-free.deepl.com"
    assert ask({**DEEPL, "providerDomain": "d.example.com"}, CHAT).sent_headers[":authority"] == "d.example.com"
    assert ask({**DEEPL, "modelMapping": {}}, CHAT).status == 404
    assert ask(DEEPL, {**CHAT, "messages": [{"role": "system", "content": "x"}]}).status == 400


# Spark.


def test_spark_keeps_tool_calls_and_finish_reasons() -> None:
    call = {"type": "function", "id": "c", "function": {"name": "look", "arguments": "{}"}}
    document = {"code": 0, "sid": "s", "choices": [{"message": {"content": "", "tool_calls": call}, "index": 0}]}
    (choice,) = ask(SPARK, CHAT, answer(document)).json["choices"]
    assert choice["message"]["tool_calls"] == [{"index": 0, **call}]
    assert choice["finish_reason"] == "tool_calls"
    length = {"code": 0, "choices": [{"message": {"content": "x"}, "finish_reason": "length"}]}
    assert ask(SPARK, CHAT, answer(length)).json["choices"][0]["finish_reason"] == "length"


def test_spark_streams_of_tool_calls_finish_as_such() -> None:
    delta = {"tool_calls": {"id": "c", "function": {"name": "look", "arguments": "{}"}}}
    documents = [{"code": 0, "sid": "s", "choices": [{"index": 0, "delta": delta}]}]
    data = streamed("spark", b"data:[DONE]\n\n", documents=documents).data
    assert json.loads(data[-2])["choices"][0]["finish_reason"] == "tool_calls"


# Triton.


def test_triton_gets_a_transcript_or_the_one_message_as_it_is() -> None:
    assert ask(TRITON, CHAT).sent["text_input"] == "Hi"
    outcome = ask({**TRITON, "tritonModelVersion": "2"}, {**TALK, "model": "a/b", "temperature": 0})
    assert outcome.sent["text_input"].startswith("SYSTEM: \nBe brief.\nUSER: \nWhat")
    assert outcome.sent["parameters"] == {"stream": False, "temperature": 0}
    assert outcome.sent_headers[":path"] == "/v2/models/a%2Fb/versions/2/generate"
    assert outcome.sent_headers["authorization"] == "Bearer t-1"


def test_triton_needs_no_token() -> None:
    outcome = ask({"type": "triton", "tritonDomain": "t.example.com"}, CHAT)
    assert "authorization" not in outcome.sent_headers


def test_hunyuan_gets_only_parts_that_it_knows() -> None:
    sound = {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}
    body = {**CHAT, "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, sound]}]}
    outcome = ask(HUNYUAN, body)
    assert outcome.sent["Messages"] == [{"Role": "user", "Content": "a"}]
    assert "input_audio" in outcome.logs


def test_dify_names_the_conversation_before_it_says_anything() -> None:
    documents = [{"event": "agent_thought", "conversation_id": "c"}, *chunks("dify")]
    outcome = streamed("dify", documents=documents)
    assert outcome.headers["conversationid"] == "c"


def test_what_dify_puts_in_the_place_of_an_answer_is_told() -> None:
    replaced = {"event": "message_replace", "conversation_id": "c", "answer": " -- I cannot say that."}
    data = streamed("dify", documents=[*chunks("dify")[:-1], replaced, chunks("dify")[-1]]).data[:-1]
    said = [json.loads(one)["choices"][0]["delta"].get("content") for one in data]
    assert " -- I cannot say that." in said


def test_hunyuan_knows_parameters_of_its_own() -> None:
    own = {"enable_enhancement": False, "stream_moderation": True, "search_info": False}
    sent = ask(HUNYUAN, {**CHAT, **own, "reasoning_effort": "none"}).sent
    assert (sent["EnableEnhancement"], sent["StreamModeration"], sent["SearchInfo"]) == (False, True, False)
    assert sent["EnableThinking"] is False


@pytest.mark.parametrize(("more", "thinking"), [
    ({"reasoning_effort": "none"}, {"type": "disabled"}),
    ({"reasoning_effort": "low"}, {"type": "enabled"}),
    ({"reasoning_max_tokens": 100}, {"type": "enabled", "token_budget": 100}),
    ({"thinking": {"type": "disabled"}, "reasoning_effort": "low"}, {"type": "disabled"}),
])  # fmt: skip
def test_cohere_models_that_reason_are_told_how(more: Json, thinking: Json) -> None:
    config = {**COHERE, "modelMapping": {"*": "command-a-reasoning-08-2025"}}
    assert ask(config, {**CHAT, **more}).sent["thinking"] == thinking
    if "thinking" not in more:
        assert "thinking" not in ask(COHERE, {**CHAT, **more}).sent


@pytest.mark.parametrize(("reason", "status"), [("ERROR", 502), ("TIMEOUT", 504), ("ERROR_UNKNOWN", 502)])
def test_cohere_answers_that_failed_are_errors(reason: str, status: int) -> None:
    document = {"message": {"content": [{"type": "text", "text": "Hi"}]}, "finish_reason": reason}
    assert ask(COHERE, CHAT, answer(document)).status == status


def test_cohere_probabilities_are_openais() -> None:
    one = {"text": "Hi", "token_ids": [1], "logprobs": [-0.5]}
    whole = {"message": {"content": [{"type": "text", "text": "Hi"}]}, "finish_reason": "COMPLETE", "logprobs": [one]}
    token = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}
    assert ask(COHERE, CHAT, answer(whole)).json["choices"][0]["logprobs"] == {"content": [token]}
    piece = {"type": "content-delta", "logprobs": one, "delta": {"message": {"content": {"text": "Hi"}}}}
    end = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}
    data = streamed("cohere", documents=[piece, end]).data
    assert json.loads(data[0])["choices"][0]["logprobs"] == {"content": [token]}


def test_cohere_gets_no_field_that_it_would_refuse() -> None:
    cached = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    body = {**CHAT, "messages": [{"role": "user", "name": "bob", "content": [cached]}]}
    assert ask(COHERE, body).sent["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]


def test_deepl_is_told_what_only_it_understands() -> None:
    sent = ask(DEEPL, {**CHAT, "source_lang": "EN", "formality": "more"}).sent
    assert (sent["source_lang"], sent["formality"]) == ("EN", "more")


def test_deepl_gets_no_empty_context() -> None:
    messages = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]
    assert "context" not in ask(DEEPL, {**CHAT, "messages": messages}).sent
