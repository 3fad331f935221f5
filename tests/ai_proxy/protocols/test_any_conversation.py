"""Any conversation becomes a document for each converting provider, without loss."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy.conversions import PROVIDERS, convert
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.mutations import CRUEL_TEXT, damaged_document

from ai_proxy.protocols.pivot.blank import is_blank
from ai_proxy.wire.errors import ApiError
from ai_proxy.wire.json import NumberError, dump_bytes

each = pytest.mark.parametrize("name", PROVIDERS)

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
TOOL = {
    "type": "function",
    "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {}}}},
}
FULL: Json = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "be kind"},
        {"role": "developer", "content": [{"type": "text", "text": "and brief"}]},
        {"role": "user", "content": [{"type": "text", "text": "look"}, IMAGE]},
        {
            "role": "assistant",
            "content": "wait",
            "reasoning_content": "hm",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                {"id": "c2", "type": "function", "function": {"name": "f", "arguments": ""}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]},
        {"role": "user", "content": "so?", "name": "bob"},
    ],
    "tools": [TOOL, {"type": "function", "function": {"name": "g"}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    "temperature": 0, "top_p": 1, "max_tokens": 100, "max_completion_tokens": 90, "stop": ["a"], "n": 1, "seed": 0,
    "stream": True, "stream_options": {"include_usage": True}, "user": "u", "reasoning_effort": "low",
    "parallel_tool_calls": False, "metadata": {"k": "v"}, "logprobs": True, "top_logprobs": 2, "modalities": ["text"],
}  # fmt: skip
CLAUDE: Json = {
    "model": "m",
    "max_tokens": 100,
    "system": [{"type": "text", "text": "be kind", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image", "source": {
            "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "wait"},
            {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "one"}]}]},
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {}}}}],
    "tool_choice": {"type": "tool", "name": "f"}, "thinking": {"type": "enabled", "budget_tokens": 2000},
    "stop_sequences": ["a"], "temperature": 0, "top_k": 5, "stream": True, "metadata": {"user_id": "u"},
}  # fmt: skip
RESPONSES: Json = {
    "model": "m",
    "instructions": "be kind",
    "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "and brief"}]},
        {"role": "user", "content": [{"type": "input_text", "text": "look"}, {
            "type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}],
         "encrypted_content": '[{"type":"thinking","thinking":"hm","signature":"s"}]'},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "wait"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}', "namespace": "n"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "p", "input": "text"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "one"}]},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "two"},
        {"type": "additional_tools", "tools": [{"type": "function", "name": "h"}]},
    ],
    "tools": [
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {"a": {}}}, "strict": True},
        {"type": "custom", "name": "p", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
        {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]},
    ],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"}, "max_output_tokens": 90, "temperature": 0, "top_p": 1,
    "top_logprobs": 2, "include": ["message.output_text.logprobs"], "parallel_tool_calls": False, "stream": True,
    "metadata": {"k": "v"}, "store": False, "user": "u", "prompt_cache_key": "k",
}  # fmt: skip
REQUESTS = {"/v1/chat/completions": FULL, "/v1/messages": CLAUDE, "/v1/responses": RESPONSES}


def texts_in(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from texts_in(inner)


@each
@settings(max_examples=60)
@given(data=st.data(), path=st.sampled_from(list(REQUESTS)))
def test_a_damaged_request_is_converted_or_refused(name: str, data: st.DataObject, path: str) -> None:
    body = data.draw(damaged_document(REQUESTS[path]))
    body.setdefault("model", "m")
    try:
        convert(name, body, path)
    except NumberError:
        pass  # The request is refused with 400, as `test_hostile_values` has it.
    except ApiError as error:
        assert 400 <= error.status < 500  # noqa: PT017  # the client's mistake, and told as one
        assert json.loads(dump_bytes(error.document()))["error"]["message"]  # noqa: PT017  # likewise


texts_of_messages = (CRUEL_TEXT | st.text(min_size=1)).filter(lambda text: not is_blank(text))


@each
@settings(max_examples=15)
@given(
    texts=st.lists(texts_of_messages, min_size=1, max_size=5),
    system=texts_of_messages,
    as_parts=st.booleans(),
    responses=st.booleans(),
)
def test_nothing_of_a_conversation_is_lost(
    name: str, texts: list[str], system: str, as_parts: bool, responses: bool
) -> None:
    def content(text: str) -> Any:
        return [{"type": "input_text" if responses else "text", "text": text}] if as_parts else text

    sides = [{"role": "assistant" if place % 2 else "user", "content": content(one)} for place, one in enumerate(texts)]
    messages = [{"role": "system", "content": content(system)}, *sides]
    body = {"model": "m", "input" if responses else "messages": messages}
    sent = "\n".join(texts_in(convert(name, body, "/v1/responses" if responses else "/v1/chat/completions")))
    for text in [system, *texts]:
        assert text in sent
