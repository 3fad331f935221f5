"""DashScope's native protocol, beyond what the recorded exchanges show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, NATIVE, STREAM, Json, answer, ask, events, native_event

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def chunks(data: list[str]) -> list[Json]:
    """The chunks of a stream that ended well."""
    assert data[-1] == "[DONE]"
    assert data.count("[DONE]") == 1
    return [json.loads(item) for item in data[:-1]]


def text(parts: list[Json], key: str = "content") -> str:
    return "".join(
        choice["delta"].get(key) or "" for part in parts for choice in part["choices"] if choice["index"] == 0
    )


def parameters(**given: Any) -> Json:
    sent: Json = ask(NATIVE, {**CHAT, **given}).sent["parameters"]
    return sent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0), ("seed", 0), ("stop", "x"), ("stop", ["x", "y"]),
        ("response_format", {"type": "json_object"}), ("presence_penalty", 0.0), ("frequency_penalty", -1.5),
        ("enable_thinking", False), ("thinking_budget", 100), ("top_k", 5),
        ("logprobs", True), ("top_logprobs", 2), ("something_new", {"a": [1]}), ("max_tokens", 7),
    ],
)  # fmt: skip
def test_no_parameter_is_lost(name: str, value: object) -> None:
    assert parameters(**{name: value}) == {"result_format": "message", name: value}


@pytest.mark.parametrize(("name", "value"), [("tool_choice", "none"), ("parallel_tool_calls", False)])
def test_what_is_said_of_tools_goes_with_them(name: str, value: object) -> None:
    assert parameters(**{name: value}, tools=[TOOL])[name] == value
    assert name not in parameters(**{name: value})


def test_parameters_of_openais_platform_and_nulls_are_not_sent() -> None:
    assert parameters(user="u", store=False, metadata={}, temperature=None) == {"result_format": "message"}


def test_max_completion_tokens_is_max_tokens() -> None:
    assert parameters(max_completion_tokens=9)["max_tokens"] == 9


@pytest.mark.parametrize(("given", "sent"), [(0, 0.000001), (1, 0.999999), (0.5, 0.5)])
def test_top_p_stays_within_what_dashscope_takes(given: float, sent: float) -> None:
    assert parameters(top_p=given)["top_p"] == sent


def test_messages_keep_everything() -> None:
    function = {"name": "f", "arguments": "{}"}
    calls: list[Json] = [{"id": call_id, "type": "function", "function": function} for call_id in ("c1", "c2")]
    messages: list[Json] = [
        {"role": "user", "content": "Hi", "name": "me"},
        {"role": "assistant", "content": None, "tool_calls": calls, "reasoning_content": "hm"},
        {"role": "tool", "tool_call_id": "c1", "content": "21"},
    ]
    sent = ask(NATIVE, {**CHAT, "messages": messages}).sent["input"]["messages"]
    assert sent[0] == messages[0]
    assert sent[1] == {**messages[1], "tool_calls": [{"index": 0, **calls[0]}, {"index": 1, **calls[1]}]}
    assert sent[2] == messages[2]


def test_parallel_tool_calls_of_a_cumulative_stream_become_deltas() -> None:
    def event(*arguments: str, finish: str = "null") -> bytes:
        calls = [
            {
                "id": f"c{index}",
                "type": "function",
                "index": index,
                "function": {"name": f"f{index}", "arguments": part},
            }
            for index, part in enumerate(arguments)
        ]
        return native_event("Let me see", finish, tool_calls=calls)

    stream = events(
        native_event("Let"), event(""), event('{"a"'), event('{"a":1}', ""), event('{"a":1}', '{"b":'),
        event('{"a":1}', '{"b":2}'), event('{"a":1}', '{"b":2}', finish="tool_calls"), b"",
    )  # fmt: skip
    outcome = ask(NATIVE, {**STREAM, "tools": [TOOL]}, stream)
    assert "incremental_output" not in outcome.sent["parameters"]
    parts = chunks(outcome.data)
    assert text(parts) == "Let me see"
    calls: dict[int, Json] = {}
    for part in parts:
        for choice in part["choices"]:
            for call in choice["delta"].get("tool_calls", []):
                known = calls.setdefault(call["index"], {"id": "", "name": "", "arguments": ""})
                known["id"] += call.get("id", "")
                known["name"] += call["function"].get("name", "")
                known["arguments"] += call["function"]["arguments"]
    assert calls == {
        0: {"id": "c0", "name": "f0", "arguments": '{"a":1}'},
        1: {"id": "c1", "name": "f1", "arguments": '{"b":2}'},
    }
    assert [choice["finish_reason"] for part in parts for choice in part["choices"]].count("tool_calls") == 1


def test_the_id_of_a_call_is_repeated_only_where_the_service_repeats_it() -> None:
    pieces = [("c", "f", ""), ("", "", '{"a"'), ("", "", ":1}")]
    calls = [
        [{"index": 0, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}]
        for call_id, name, arguments in pieces
    ]
    stream = events(*(native_event("", tool_calls=call) for call in calls), native_event("", "tool_calls"))
    parts = chunks(ask(NATIVE, STREAM, stream).data)
    converted = [call for part in parts for call in part["choices"][0]["delta"].get("tool_calls", [])]
    assert [call.get("id") for call in converted] == ["c", None, None]
    assert "".join(call["function"]["arguments"] for call in converted) == '{"a":1}'


def test_a_tool_call_without_arguments_is_sent_at_the_end() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]
    stream = events(native_event("", tool_calls=calls), native_event("", "tool_calls", tool_calls=calls))
    parts = chunks(ask(NATIVE, {**STREAM, "tools": [TOOL]}, stream).data)
    converted = [call for part in parts for call in part["choices"][0]["delta"].get("tool_calls", [])]
    assert [call["function"] for call in converted] == [{"name": "f", "arguments": ""}, {"arguments": "{}"}]


def test_text_thinking_and_tools_may_alternate() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    stream = events(
        native_event("", reasoning_content="Hm"),
        native_event("So", reasoning_content="Hm"),
        native_event("So", reasoning_content="Hmm."),
        native_event("So be it", reasoning_content="Hmm."),
        native_event("So be it", "tool_calls", reasoning_content="Hmm.", tool_calls=calls),
    )
    parts = chunks(ask(NATIVE, {**STREAM, "tools": [TOOL]}, stream).data)
    assert (text(parts), text(parts, "reasoning_content")) == ("So be it", "Hmm.")


THOUGHT = (
    native_event("", reasoning_content="a"), native_event("", reasoning_content="b"), native_event("c"),
    native_event("", "stop"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "content", "reasoning"),
    [
        ("passthrough", "c", "ab"),
        ("ignore", "c", ""),
        ("concat", "<think>ab</think>\nc", ""),
        ("CONCAT", "<think>ab</think>\nc", ""),
    ],
)
def test_reasoning_modes(mode: str, content: str, reasoning: str) -> None:
    provider = {**NATIVE, "reasoningContentMode": mode}
    parts = chunks(ask(provider, STREAM, events(*THOUGHT)).data)
    assert (text(parts), text(parts, "reasoning_content")) == (content, reasoning)
    message = {"role": "assistant", "content": "c", "reasoning_content": "ab"}
    whole = ask(provider, CHAT, answer({"output": {"choices": [{"finish_reason": "stop", "message": message}]}})).json
    converted = whole["choices"][0]["message"]
    assert (converted["content"], converted.get("reasoning_content", "")) == (content, reasoning)


def test_reasoning_without_an_answer_is_closed() -> None:
    provider = {**NATIVE, "reasoningContentMode": "concat"}
    reasoning_events = native_event(None, reasoning_content="a"), native_event(None, "length")
    assert text(chunks(ask(provider, STREAM, events(*reasoning_events)).data)) == "<think>a</think>\n"
    message = {"role": "assistant", "content": None, "reasoning_content": "a"}
    whole = ask(provider, CHAT, answer({"output": {"choices": [{"finish_reason": "length", "message": message}]}})).json
    assert whole["choices"][0]["message"]["content"] == "<think>a</think>\n"


def test_several_choices_are_numbered_and_their_usage_comes_once_after_the_last() -> None:
    def event(index: int, content: str, finish: str = "null") -> bytes:
        choice = {"index": index, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
        document = {"output": {"choices": [choice]}, "usage": {"input_tokens": 1, "output_tokens": 2}}
        return b"data: " + json.dumps(document).encode() + b"\n\n"

    stream = events(event(0, "a"), event(0, "", "stop"), event(1, "b"), event(1, "", "length"), b"")
    parts = chunks(ask(NATIVE, {**STREAM, "n": 2}, stream).data)
    converted = [(choice["index"], choice["finish_reason"]) for part in parts[:-1] for choice in part["choices"]]
    assert converted == [(0, None), (0, "stop"), (1, None), (1, "length")]
    assert [part["usage"] is not None for part in parts] == [False, False, False, False, True]
    assert parts[-1]["usage"] == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def test_usage_has_cached_and_reasoning_tokens() -> None:
    usage = {
        "input_tokens": 9, "output_tokens": 0, "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 4}, "output_tokens_details": {"reasoning_tokens": 2},
    }  # fmt: skip
    converted = ask(NATIVE, CHAT, answer({"output": {"choices": []}, "usage": usage})).json["usage"]
    assert converted == {
        "prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2},
    }  # fmt: skip


def test_the_id_is_made_up_where_there_is_none_and_the_same_in_all_chunks() -> None:
    document = {"output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "a"}}]}}
    parts = chunks(ask(NATIVE, STREAM, events(b"data: " + json.dumps(document).encode() + b"\n\n")).data)
    assert len({part["id"] for part in parts}) == 1
    assert parts[0]["id"].startswith("chatcmpl-")


def test_a_lone_surrogate_survives_as_its_escape() -> None:
    body = b'{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"a\\ud800"}}]}}'
    assert b"a\\ud800" in ask(NATIVE, CHAT, answer(body)).raw
    assert b"a\\ud800" in ask(NATIVE, STREAM, events(b"data: " + body + b"\n\n")).raw


def test_line_separators_stay_inside_their_strings() -> None:
    parts = chunks(ask(NATIVE, STREAM, events(native_event("a\u2028b\u0085c", "stop"))).data)
    assert text(parts) == "a\u2028b\u0085c"


@pytest.mark.parametrize(
    "model", ["qwen-vl-max", "qwen2.5-vl-72b-instruct", "qwen3-vl-plus", "qvq-max", "qwen-audio-turbo"]
)
def test_multimodal_models_have_their_own_endpoint(model: str) -> None:
    outcome = ask(NATIVE, {**CHAT, "model": model})
    assert outcome.sent_headers[":path"] == "/api/v1/services/aigc/multimodal-generation/generation"
    assert outcome.sent_headers["x-envoy-original-path"] == "/v1/chat/completions"


def test_qwen_long_gets_its_files() -> None:
    messages = [{"role": "system", "content": [{"type": "text", "text": "Be kind."}]}, *CHAT["messages"]]
    outcome = ask({**NATIVE, "qwenFileIds": ["f1", "f2"]}, {"model": "qwen-long", "messages": messages})
    assert [message["content"] for message in outcome.sent["input"]["messages"]] == [
        "Be kind.",
        "fileid://f1,fileid://f2",
        "Hi",
    ]


def test_a_budget_for_reasoning_has_dashscopes_name() -> None:
    sent = parameters(model="qwen-plus", reasoning_max_tokens=3000)
    assert (sent["enable_thinking"], sent["thinking_budget"]) == (True, 3000)
    assert "reasoning_max_tokens" not in sent


@pytest.mark.usefixtures("both_ways")
def test_the_parts_of_a_multimodal_answer_become_text() -> None:
    config = {**NATIVE, "modelMapping": {"*": "qwen-vl-max"}}
    parts = [{"text": "A cat: "}, {"image": "https://img.example.com/cat.png"}]
    whole = {"output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": parts}}]}}
    text_of_answer = "A cat: https://img.example.com/cat.png"
    assert ask(config, CHAT, answer(whole)).json["choices"][0]["message"]["content"] == text_of_answer
    for tools in ([], [{"type": "function", "function": {"name": "f"}}]):
        # With tools each event has all of the answer so far.
        pieces = [parts[:1], parts] if tools else [parts[:1], parts[1:]]
        stream = events(*(native_event(piece) for piece in pieces), native_event([], "stop"))  # type: ignore[arg-type]
        data = ask(config, {**STREAM, **({"tools": tools} if tools else {})}, stream).data[:-1]
        deltas = [json.loads(one)["choices"][0]["delta"].get("content") for one in data]
        assert "".join(delta for delta in deltas if delta) == text_of_answer


def test_tokens_are_counted_as_those_of_all_services() -> None:
    """Floats count, as some languages have no other numbers; anything but a positive number counts as 0."""
    usage = {"input_tokens": 2.0, "output_tokens": -1, "total_tokens": True}
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}
    document = ask(NATIVE, CHAT, answer({"output": {"choices": [choice]}, "usage": usage, "request_id": "r"})).json
    assert document["usage"] == {"prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2}


def test_instructions_beside_files_are_joined_without_empty_lines() -> None:
    parts = [{"type": "text", "text": text} for text in ("one", "", "two")]
    messages = [{"role": "system", "content": parts}, {"role": "user", "content": "Hi"}]
    sent = ask({**NATIVE, "qwenFileIds": ["f-1"]}, {**CHAT, "model": "qwen-long", "messages": messages}).sent
    assert sent["input"]["messages"][0] == {"role": "system", "content": "one\ntwo"}


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("part", [5, True, ["one"], {"type": 5, "text": "one"}])
def test_instructions_beside_files_must_be_parts(part: object) -> None:
    messages = [{"role": "system", "content": [{"type": "text", "text": "one"}, part]}, *CHAT["messages"]]
    outcome = ask({**NATIVE, "qwenFileIds": ["f-1"]}, {**CHAT, "model": "qwen-long", "messages": messages})
    assert (outcome.status, outcome.error["param"]) == (400, "messages")
