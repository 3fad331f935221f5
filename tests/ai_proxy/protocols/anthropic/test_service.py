"""Claude in its own protocol: requests and answers are converted without loss."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.gateway import CHAT, STREAM, Json, answer, ask, events
from tests.ai_proxy.natives import CLAUDE

FUNCTION: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
HI: Json = {"id": "msg_1", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}


def sent(body: Json, **settings: object) -> Json:
    return ask({**CLAUDE, **settings}, {**CHAT, **body}, answer(HI)).sent


def stream(*documents: Json) -> list[Json]:
    chunks = [b"data: " + json.dumps(one).encode() + b"\n\n" for one in documents]
    outcome = ask(CLAUDE, STREAM, events(*chunks))
    assert outcome.data[-1] == "[DONE]"
    return [json.loads(data) for data in outcome.data[:-1]]


START: Json = {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 5, "output_tokens": 3}}}


def end(reason: str = "end_turn") -> Json:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 9}}


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        ("auto", None, {"type": "auto"}),
        ("none", False, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ({"type": "function", "function": {"name": "f"}}, True, {"type": "tool", "name": "f"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, None, None),
    ],
)
def test_tool_choice(choice: object, parallel: object, expected: object) -> None:
    body = {"tools": [FUNCTION], "tool_choice": choice, "parallel_tool_calls": parallel}
    assert sent(body).get("tool_choice") == expected


def test_each_system_message_is_sent_once() -> None:
    system: list[Json] = [
        {"role": "system", "content": "a"},
        {"role": "developer", "content": [{"type": "text", "text": "b"}]},
    ]
    assert sent({"messages": [*system, {"role": "user", "content": "Hi"}]})["system"] == "a\nb"


def test_cache_control_is_kept() -> None:
    text = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    messages = [{"role": "system", "content": [text]}, {"role": "user", "content": [text]}]
    body = sent({"messages": messages})
    assert body["system"] == [text]
    assert body["messages"][0]["content"] == [text]


def test_zero_values_and_a_single_stop_are_kept() -> None:
    body = sent({"temperature": 0, "top_p": 0, "stop": "x", "max_tokens": 7.0, "top_k": 3})
    assert [body[name] for name in ("temperature", "top_p", "stop_sequences", "max_tokens", "top_k")] == [
        0, 0, ["x"], 7, 3,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "thinking", "limit"),
    [
        ({"reasoning_effort": "low", "max_tokens": 4096}, 1024, 4096),
        ({"reasoning_effort": "high", "max_tokens": 4096}, 2048, 4096),
        ({"reasoning_effort": "medium"}, 8192, 12288),
        ({"reasoning_max_tokens": 3000, "max_tokens": 9000}, 3000, 9000),
        ({"reasoning_effort": "high", "max_tokens": 100}, None, 100),
        ({"reasoning_effort": "none"}, None, 4096),
    ],
)
def test_thinking_fits_within_the_tokens_that_are_allowed(body: Json, thinking: object, limit: int) -> None:
    result = sent({**body, "temperature": 0.5}, modelMapping={"*": "claude-sonnet-4-20250514"})
    assert (result.get("thinking") or {}).get("budget_tokens") == thinking
    assert result["max_tokens"] == limit
    assert ("temperature" in result) is (thinking is None), "thinking refuses to have its sampling changed"


def test_files_are_documents() -> None:
    file = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="}}
    (block,) = sent({"messages": [{"role": "user", "content": [file]}]})["messages"][0]["content"]
    source = {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}
    assert block == {"type": "document", "title": "a.pdf", "source": source}


def test_signed_thinking_goes_back_to_the_model() -> None:
    thinking_block = {"type": "thinking", "thinking": "a", "signature": "s"}
    message = ask(CLAUDE, CHAT, answer({**HI, "content": [thinking_block, *HI["content"]]})).json["choices"][0][
        "message"
    ]
    assert (message["reasoning_content"], message["content"]) == ("a", "Hi")
    assert (
        sent({"messages": [{"role": "user", "content": "?"}, message]})["messages"][1]["content"][0] == thinking_block
    )


@pytest.mark.usefixtures("both_ways")
def test_several_thinking_blocks_go_back_each_with_its_signature() -> None:
    thinking_blocks: list[Json] = [
        {"type": "thinking", "thinking": "a", "signature": "s1"},
        {"type": "redacted_thinking", "data": "ZW5j"},
        {"type": "thinking", "thinking": "b", "signature": "s2"},
    ]
    message = ask(CLAUDE, CHAT, answer({**HI, "content": [*thinking_blocks, *HI["content"]]})).json["choices"][0][
        "message"
    ]
    assert (message["reasoning_content"], message["content"]) == ("ab", "Hi")
    body = {**CHAT, "messages": [{"role": "user", "content": "?"}, message, {"role": "user", "content": "?"}]}
    content = ask(CLAUDE, body, answer(HI)).sent["messages"][1]["content"]
    assert content == [*thinking_blocks, {"type": "text", "text": "Hi"}]


def test_texts_are_joined_and_caches_are_counted() -> None:
    texts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    usage = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 10, "cache_creation_input_tokens": 5}
    document = ask(CLAUDE, CHAT, answer({**HI, "content": texts, "usage": usage})).json
    assert document["choices"][0]["message"]["content"] == "ab"
    assert document["usage"] == {
        "prompt_tokens": 16,
        "completion_tokens": 2,
        "total_tokens": 18,
        "prompt_tokens_details": {"cached_tokens": 10, "cache_creation_tokens": 5},
    }


def test_a_stream_has_one_choice_dense_calls_and_the_counts_of_its_end() -> None:
    def tool(index: int, name: str) -> list[Json]:
        block = {"type": "tool_use", "id": f"t{index}", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": "{}"}
        return [
            {"type": "content_block_start", "index": index, "content_block": block},
            {"type": "content_block_delta", "index": index, "delta": delta},
        ]

    chunks = stream(START, *tool(1, "f"), *tool(3, "g"), end("tool_use"), {"type": "message_stop"})
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert {choice["index"] for choice in choices} == {0}
    calls = [call for choice in choices for call in choice["delta"].get("tool_calls", [])]
    assert [(call["index"], call.get("id")) for call in calls] == [(0, "t1"), (0, None), (1, "t3"), (1, None)]
    assert chunks[-1]["usage"] == {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}
    assert choices[-1]["finish_reason"] == "tool_calls"


def test_a_stream_that_is_over_is_so_before_the_connection_closes() -> None:
    assert stream(START, end(), {"type": "message_stop"}, {"type": "ping"})


def test_an_error_event_ends_the_stream() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    chunks = [b"data: " + json.dumps(one).encode() + b"\n\n" for one in (START, error, end())]
    outcome = ask(CLAUDE, STREAM, events(*chunks))
    assert json.loads(outcome.data[-1])["error"]["message"] == "busy"


def test_two_streams_do_not_see_each_other() -> None:
    first = stream({**START, "message": {"id": "a"}}, end())
    second = stream({**START, "message": {"id": "b"}}, end())
    assert (first[0]["id"], second[0]["id"]) == ("a", "b")


def test_code_mode_keeps_the_clients_query() -> None:
    outcome = ask({**CLAUDE, "claudeCodeMode": True}, CHAT, answer(HI), path="/v1/chat/completions?beta=true&x=1")
    assert outcome.sent_headers[":path"] == "/v1/messages?beta=true&x=1"
    assert outcome.sent_headers["authorization"] == "Bearer sk-ant-1"
    assert outcome.sent["system"][0]["cache_control"] == {"type": "ephemeral"}


def test_encrypted_thinking_goes_back_to_the_model() -> None:
    thinking_block = {"type": "redacted_thinking", "data": "zz"}
    message = ask(CLAUDE, CHAT, answer({**HI, "content": [thinking_block, *HI["content"]]})).json["choices"][0][
        "message"
    ]
    assert sent({"messages": [*CHAT["messages"], message]})["messages"][-1]["content"][0] == thinking_block
    start = {"type": "content_block_start", "index": 0, "content_block": thinking_block}
    deltas = [chunk["choices"][0]["delta"] for chunk in stream(START, start, end(), {"type": "message_stop"})[:-1]]
    assert {"reasoning_redacted_content": "zz"} in deltas


def test_other_roles_become_the_user() -> None:
    messages = [*CHAT["messages"], {"role": "function", "name": "f", "content": "r"}]
    assert sent({"messages": messages})["messages"][-1] == {"role": "user", "content": "r"}


def test_a_call_without_words_has_an_empty_content() -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    assert ask(CLAUDE, CHAT, answer({**HI, "content": [use]})).json["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("pause_turn", "stop"), ("max_tokens", "length"),
     ("tool_use", "stop"), ("refusal", "content_filter"), ("new", "stop")],
)  # fmt: skip
def test_finish_reasons_are_openais(reason: str, expected: str) -> None:
    """A reason that nobody knows is an end, and so is that of a call without a call."""
    assert ask(CLAUDE, CHAT, answer({**HI, "stop_reason": reason})).json["choices"][0]["finish_reason"] == expected
    assert stream(START, end(reason), {"type": "message_stop"})[-2]["choices"][0]["finish_reason"] == expected


def test_an_empty_stop_reason_counts_as_missing() -> None:
    chunks = stream(START, end(""), {"type": "message_stop"})
    reasons = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
    assert [reason for reason in reasons if reason is not None] == ["stop"]
