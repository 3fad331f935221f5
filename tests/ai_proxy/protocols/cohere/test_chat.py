"""Cohere: requests and answers."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.converting import TALK, TOOL, streamed
from tests.ai_proxy.gateway import CHAT, Json, answer, ask
from tests.ai_proxy.protocols.cohere.sample import COHERE


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
    whole = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    assert (sent["tools"], sent["tool_choice"]) == ([whole], "REQUIRED")


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


@pytest.mark.parametrize(("more", "thinking"), [
    ({"reasoning_effort": "none"}, {"type": "disabled"}),
    ({"reasoning_effort": "low"}, {"type": "enabled"}),
    ({"reasoning_max_tokens": 100}, {"type": "enabled", "token_budget": 100}),
    ({"thinking": {"type": "disabled"}, "reasoning_effort": "low"}, {"type": "disabled"}),
])  # fmt: skip
def test_cohere_reasoning_models_get_a_thinking_switch(more: Json, thinking: Json) -> None:
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


STRICT: Json = {"type": "function", "function": {**TOOL["function"], "strict": True}}


def test_a_strict_tool_makes_all_tools_of_cohere_strict() -> None:
    sent = ask(COHERE, {**CHAT, "tools": [STRICT]}).sent
    assert sent["strict_tools"] is True
    assert "strict" not in sent["tools"][0]["function"]


SCHEMA: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": SCHEMA}},
         {"type": "json_object", "json_schema": SCHEMA}),
        ({"type": "json_object"}, {"type": "json_object"}),
    ],
    ids=["schema", "any object"],
)  # fmt: skip
def test_cohere_has_the_schema_in_its_json_mode(given: Json, sent: Json) -> None:
    assert ask(COHERE, {**CHAT, "response_format": given}).sent["response_format"] == sent


@pytest.mark.usefixtures("both_ways")
def test_credentials_in_a_rerank_of_cohere_are_masked() -> None:
    document = {"results": [], "key": "cohere-key-1234567890"}
    outcome = ask(
        {**COHERE, "apiTokens": ["cohere-key-1234567890"]}, {"model": "m"}, answer(document), path="/v1/rerank"
    )
    assert outcome.json == {"results": [], "key": "***"}
