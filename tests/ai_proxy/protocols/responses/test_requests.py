"""Requests of the Responses API as chats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy import responses_grammar as grammar
from tests.ai_proxy.gateway import Json, Outcome, ask, gateway_with
from tests.ai_proxy.natives import CLAUDE

from proxywasm_host.testing import request, response

PATH = "/v1/responses"
CHATS: Json = {"type": "baichuan", "apiTokens": ["sk-1"]}
"""A service that has only OpenAI's chats."""
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def sent(given: Any = "Hi", provider: Json = CHATS, **more: Any) -> Json:
    return ask(provider, {"model": "m", "input": given, **more}, path=PATH).sent


def refused(given: Any = "Hi", status: int = 400, **more: Any) -> Json:
    outcome = ask(CHATS, {"model": "m", "input": given, **more}, path=PATH)
    assert outcome.result["upstream"] is None
    assert outcome.status == status
    grammar.error(outcome.json)
    error: Json = outcome.error
    return error


def user(*parts: Json) -> Json:
    return {"type": "message", "role": "user", "content": [*parts]}


def test_a_text_is_what_the_user_says() -> None:
    assert sent() == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def test_instructions_and_messages_of_each_role() -> None:
    given = [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": "Ho", "annotations": []}, {"type": "refusal", "refusal": "No."}]},
        {"role": "system", "content": "Be quick."},
        {"role": "user", "content": "So?"},
    ]  # fmt: skip
    assert sent(given, instructions="Be brief.")["messages"] == [
        {"role": "system", "content": "Be brief.\n\nBe kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Ho\n\nNo."},
        {"role": "system", "content": "Be quick."},
        {"role": "user", "content": "So?"},
    ]


def test_images_files_and_audio() -> None:
    parts = (
        {"type": "input_text", "text": "look"},
        {"type": "input_image", "image_url": PIXEL, "detail": "low"},
        {"type": "input_image", "image_url": "https://x.example/a.png", "detail": "auto"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    )
    assert sent([user(*parts)])["messages"][0]["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]


def call(number: int, **more: Any) -> Json:
    return {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": "f",
            "arguments": '{"a":1}', "status": "completed", **more}  # fmt: skip


def chat_call(number: int, name: str = "f", arguments: str = '{"a":1}') -> Json:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


def test_a_turn_of_the_model_is_one_message_and_its_results_follow() -> None:
    given = [
        {"role": "user", "content": "go"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"role": "assistant", "content": "wait"},
        call(1),
        call(2, name="g", namespace="crm"),
        {"type": "custom_tool_call", "call_id": "call_3", "name": "patch", "input": 'a "b"\n'},
        {"type": "function_call_output", "call_id": "call_1", "output": "one"},
        {"type": "function_call_output", "call_id": "call_2",
         "output": [{"type": "input_text", "text": "two"}, {"type": "input_image", "image_url": PIXEL}]},
        {"type": "custom_tool_call_output", "call_id": "call_3", "output": "done"},
    ]  # fmt: skip
    assert sent(given)["messages"] == [
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": "wait",
            "tool_calls": [chat_call(1), chat_call(2, "crm__g"), chat_call(3, "patch", '{"input":"a \\"b\\"\\n"}')],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "one"},
        {"role": "tool", "tool_call_id": "call_2", "content": "two"},
        {"role": "tool", "tool_call_id": "call_3", "content": "done"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]},
    ]


def test_reasoning_goes_back_to_services_that_want_it() -> None:
    given = [
        {"role": "user", "content": "go"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        call(1),
        {"type": "function_call_output", "call_id": "call_1", "output": "one"},
    ]
    answer = sent(given, {"type": "moonshot", "apiTokens": ["sk-1"]})["messages"][1]
    assert (answer["reasoning_content"], answer["tool_calls"]) == ("hm", [chat_call(1)])


def test_calls_of_tools_that_clients_run_are_kept_and_those_of_other_services_are_not() -> None:
    given = [
        {"role": "user", "content": "go"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"type": "local_shell_call", "id": "lsh_1", "call_id": "call_1", "status": "completed",
         "action": {"type": "exec", "command": ["ls"]}},
        {"type": "local_shell_call_output", "id": "call_1", "output": "a.txt"},
    ]  # fmt: skip
    assert sent(given)["messages"][1:] == [
        {"role": "assistant", "content": None,
         "tool_calls": [chat_call(1, "local_shell", '{"type":"exec","command":["ls"]}')]},
        {"role": "tool", "tool_call_id": "call_1", "content": "a.txt"},
    ]  # fmt: skip


@pytest.mark.parametrize("done", [{"action": {"type": "wait"}}, {"actions": [{"type": "wait"}]}])
def test_what_a_client_has_done_with_a_computer_is_kept_with_its_screenshot(done: Json) -> None:
    """A screenshot is the user's next message, as all images of results."""
    picture = "data:image/png;base64,AA=="
    given = [
        {"role": "user", "content": "go"},
        {"type": "computer_call", "id": "cu_1", "call_id": "call_1", "status": "completed", **done},
        {"type": "computer_call_output", "call_id": "call_1",
         "output": {"type": "computer_screenshot", "image_url": picture}},
    ]  # fmt: skip
    assert sent(given)["messages"][1:] == [
        {"role": "assistant", "content": None,
         "tool_calls": [chat_call(1, "computer", json.dumps(next(iter(done.values())), separators=(",", ":")))]},
        {"role": "tool", "tool_call_id": "call_1", "content": ""},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": picture}}]},
    ]  # fmt: skip


PARAMETERS: Json = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION: Json = {"type": "function", "name": "f", "parameters": PARAMETERS, "strict": True}
CUSTOM: Json = {"type": "custom", "name": "patch", "description": "Edit."}
SPACE: Json = {
    "type": "namespace",
    "name": "crm",
    "description": "d",
    "tools": [{"type": "function", "name": "g", "parameters": PARAMETERS}],
}
CHAT_FUNCTION = {"type": "function", "function": {"name": "f", "parameters": PARAMETERS, "strict": True}}


def test_tools_become_functions() -> None:
    grammar_tool = {**CUSTOM, "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}}
    functions = sent(tools=[FUNCTION, grammar_tool, SPACE, {"type": "web_search"}])["tools"]
    assert functions[0] == CHAT_FUNCTION
    assert functions[1]["function"]["description"] == "Edit.\n\nThe input must match this grammar (lark):\nstart: X"
    assert functions[1]["function"]["parameters"]["required"] == ["input"]
    assert functions[2:] == [{"type": "function", "function": {"name": "crm__g", "parameters": PARAMETERS}}]


@pytest.mark.parametrize(
    ("choice", "expected", "count"),
    [
        ("auto", None, 3),
        ("none", "none", 3),
        ("required", "required", 3),
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}, 3),
        ({"type": "custom", "name": "patch"}, {"type": "function", "function": {"name": "patch"}}, 3),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}, None, 1),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "patch"}, FUNCTION]},
            "required",
            2,
        ),
    ],
)
def test_the_choice_of_tools(choice: Any, expected: Any, count: int) -> None:
    body = sent(tools=[FUNCTION, CUSTOM, SPACE], tool_choice=choice)
    assert body.get("tool_choice") == expected
    assert len(body["tools"]) == count


SEARCH: Json = {"type": "tool_search", "execution": "client", "description": "Find.", "parameters": {"type": "object"}}


def test_a_search_for_tools_that_the_client_runs() -> None:
    given = [
        {"role": "user", "content": "go"},
        {"type": "tool_search_call", "call_id": "call_1", "execution": "client", "arguments": {"query": "x"}},
        {"type": "tool_search_output", "call_id": "call_1", "execution": "client", "tools": [SPACE, FUNCTION]},
        {"type": "tool_search_call", "id": "tsc_0", "execution": "server", "arguments": {}},
    ]
    body = sent(given, tools=[SEARCH, FUNCTION])
    assert [tool["function"]["name"] for tool in body["tools"]] == ["tool_search", "f", "crm__g"]
    assert body["messages"][1]["tool_calls"] == [chat_call(1, "tool_search", '{"query":"x"}')]
    assert body["messages"][2:] == [{"role": "tool", "tool_call_id": "call_1", "content": "Found tools: crm__g, f"}]


def test_parameters() -> None:
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    body = sent(
        max_output_tokens=9, temperature=0, top_p=0.5, user="u", text={"format": schema, "verbosity": "low"},
        top_logprobs=2, parallel_tool_calls=False, tools=[FUNCTION], store=False, metadata={"a": "b"},
        truncation="auto", include=["reasoning.encrypted_content"], prompt_cache_key="k",
        safety_identifier="s", service_tier="flex",
    )  # fmt: skip
    del body["messages"]
    assert body == {
        "model": "m", "max_tokens": 9, "temperature": 0, "top_p": 0.5, "user": "u", "logprobs": True, "top_logprobs": 2,
        "tools": [CHAT_FUNCTION], "parallel_tool_calls": False,
        "response_format": {"type": "json_schema", "json_schema": {
            "name": "n", "schema": {"type": "object"}, "strict": True}},
    }  # fmt: skip


def test_a_json_object_and_an_effort() -> None:
    body = sent(text={"format": {"type": "json_object"}}, reasoning={"effort": "low", "summary": "auto"})
    assert body["response_format"] == {"type": "json_object"}
    assert body["reasoning_effort"] == "low"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("previous_response_id", "resp_1", "previous_response_not_found"),
        ("conversation", "conv_1", "unsupported_parameter"),
        ("conversation", {"id": "conv_1"}, "unsupported_parameter"),
        ("background", True, "unsupported_parameter"),
        ("prompt", {"id": "pmpt_1"}, "unsupported_parameter"),
        ("moderation", {"model": "omni-moderation-latest"}, "unsupported_parameter"),
        ("instructions", ["Be brief."], "invalid_type"),
        ("tool_choice", {"type": "function", "name": "unknown"}, "invalid_value"),
        ("tool_choice", {"type": "file_search"}, "invalid_value"),
        ("tool_choice", "required", "invalid_value"),
        ("input", None, "missing_required_parameter"),
        ("input", [], "invalid_type"),
    ],
)
def test_what_needs_more_than_a_chat_is_refused_by_its_name(name: str, value: Any, code: str) -> None:
    error = refused(**({"given": value} if name == "input" else {name: value}))
    assert (error["param"], error["code"], error["type"]) == (name, code, "invalid_request_error")


def test_what_says_nothing_is_not_refused() -> None:
    body = sent(previous_response_id=None, conversation=None, background=False, prompt=None, tools=None)
    assert body.keys() == {"model", "messages"}


@pytest.mark.parametrize(
    "kind", ["file_search", "code_interpreter", "mcp", "image_generation", "computer_use_preview", "local_shell", "x"]
)
def test_hosted_tools_are_refused_and_the_client_learns_what_to_do(kind: str) -> None:
    error = refused(tools=[FUNCTION, {"type": kind}])
    assert (error["param"], error["code"]) == ("tools[1].type", "unsupported_value")
    assert error["message"].endswith(("leave it out", "declare it as a function"))


@pytest.mark.parametrize(
    ("item", "status", "param"),
    [
        ({"type": "item_reference", "id": "msg_1"}, 404, "input"),
        ({"id": "msg_1"}, 404, "input"),
        ({"status": "completed"}, 400, "input[0].type"),
        ({"type": "compaction", "encrypted_content": "gAAAA"}, 400, "input[0]"),
        ({"type": "unheard_of"}, 400, "input[0].type"),
        ({"type": "message", "role": "tool", "content": "x"}, 400, "input[0].role"),
        ({"role": "user", "content": 7}, 400, "input[0].content"),
        (user({"type": "input_image", "file_id": "file-1"}), 400, "input[0].content[0].file_id"),
        (user({"type": "input_file", "file_id": "file-1"}), 400, "input[0].content[0].file_id"),
        ({"role": "user", "content": [{"type": "input_file"}]}, 400, "input[0].content[0]"),
        ({"role": "user", "content": [{"type": "input_video"}]}, 400, "input[0].content[0].type"),
        ({"type": "function_call", "name": "f", "arguments": "{}"}, 400, "input[0].call_id"),
        ({"type": "function_call", "call_id": "c", "arguments": "{}"}, 400, "input[0].name"),
        ({"type": "function_call_output", "output": "x"}, 400, "input[0].call_id"),
        (7, 400, "input[0]"),
    ],
)  # fmt: skip
def test_items_that_cannot_be_sent_are_refused_with_their_place(item: Any, status: int, param: str) -> None:
    assert refused([item], status)["param"] == param


def test_a_request_of_codex() -> None:
    """As version 0.63 sends it, shortened."""
    body = {
        "model": "gpt-5-codex",
        "instructions": "You are Codex.",
        "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "<permissions>"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "fix it"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "content": None,
             "encrypted_content": "gAAAAABo"},
            {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "*** x"},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"},
        ],
        "tools": [
            {"type": "function", "name": "shell_command", "description": "d", "strict": False,
             "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}},
            {"type": "custom", "name": "apply_patch", "description": "Edit.",
             "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}},
            {"type": "web_search", "external_web_access": False},
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "019a",
        "client_metadata": {"x": "y"},
    }  # fmt: skip
    outcome: Outcome = ask(CHATS, body, path=PATH)
    assert outcome.sent.keys() == {
        "model", "messages", "tools", "parallel_tool_calls", "reasoning_effort", "stream", "stream_options"
    }  # fmt: skip
    assert [message["role"] for message in outcome.sent["messages"]] == ["system", "user", "assistant", "tool"]
    assert [tool["function"]["name"] for tool in outcome.sent["tools"]] == ["shell_command", "apply_patch"]
    assert json.loads(outcome.sent["messages"][2]["tool_calls"][0]["function"]["arguments"]) == {"input": "*** x"}
    assert "web_search dropped" in outcome.logs


PDF = "https://files.example.com/a.pdf"


def test_a_file_is_fetched_for_a_service_that_takes_only_data() -> None:
    host = gateway_with(CHATS)
    given = [user({"type": "input_file", "file_url": PDF, "filename": "a.pdf"})]
    body = json.dumps({"model": "m", "input": given})
    stream = host.request(request("POST", PATH, {"content-type": "application/json"}, body))
    assert not stream.upstream
    host.next_call(path="/a.pdf").answer(response(200, {"content-type": "application/pdf"}, b"%PDF-1.7"))
    (part,) = json.loads(stream.upstream.text)["messages"][0]["content"]
    assert part == {
        "type": "file",
        "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjc="},
    }


def test_a_service_with_a_protocol_of_its_own_gets_the_address_and_points_for_its_cache() -> None:
    text = {"type": "input_text", "text": "long", "prompt_cache_breakpoint": {"mode": "explicit"}}
    body = sent([user(text), {"role": "user", "content": "Hi"}], {**CLAUDE, "modelMapping": {"*": "claude-sonnet-4-5"}})
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}


def test_tools_that_an_item_adds() -> None:
    given = [{"type": "additional_tools", "role": "developer", "tools": [FUNCTION]}, {"role": "user", "content": "Hi"}]
    assert [tool["function"]["name"] for tool in sent(given, tools=[CUSTOM])["tools"]] == ["patch", "f"]
