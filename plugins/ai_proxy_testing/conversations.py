"""Conversations that clients may have, as hypothesis strategies: requests in all protocols of clients.

A conversation is generated once, with what any client and service may have said in it, and written in any of the
protocols. So its turns may come from several services: ids, names and thinking are those of any of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from .problems import Json

PDF: Final = "JVBERi0xLjQK"
PNG: Final = "iVBORw0KGgo="

_IDS: Final = (
    "call_abc",
    "toolu_01",
    "functions.get_weather:0",
    "get_weather:1",
    "a" * 70,
    "id with blank",
    "fc-1",
    "x/y",
)
_NAMES: Final = ("get_weather", "a.b", "mcp__server__" + "x" * 60, "search-docs", "1st", "get weather", "工具")
_TEXTS: Final = st.sampled_from(("Hi", "What is it?", "Über ¿qué?", "  padded  ", "天气")) | st.text(
    min_size=1, max_size=8
)
_BLANK: Final = st.sampled_from(("", " ", "\n\n", "\u200b", "\t \ufeff"))
_ANY_TEXT: Final = st.one_of(_TEXTS, _TEXTS, _BLANK)
_SCHEMAS: Final[tuple[Any, ...]] = (
    None, {}, {"type": "object"}, {"type": "object", "properties": {}}, {"type": "object", "properties": {
        "level": {"type": "integer", "enum": [1, 2]}, "tags": {"type": "array"},
        "u": {"type": "string", "format": "uri"}, "meta": {"type": "object"},
        "q": {"type": "string", "enum": ["", "a"]}}},
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
     "properties": {"a": {"type": ["string", "null"]}}},
)  # fmt: skip


def _is_visible(text: str) -> bool:
    return any(character.isprintable() and not character.isspace() for character in text)


@dataclass
class Call:
    id: str
    name: str
    arguments: Json
    result: str
    failed: bool


@dataclass
class Turn:
    """What the user says, and the answer, which may call tools; then their results are there, too."""

    texts: list[str]
    files: list[str]
    answer: str
    thinking: str
    signature: str
    calls: list[Call]


@dataclass
class Conversation:
    system: str
    turns: list[Turn]
    last: str
    tools: list[tuple[str, Any]]
    choice: Any
    settings: Json = field(default_factory=dict)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    names = draw(st.lists(st.sampled_from(_NAMES), unique=True, max_size=4))
    schemas = [draw(st.sampled_from(_SCHEMAS)) for _ in names]
    ids = iter(draw(st.permutations(_IDS)))
    turns = []
    for _ in range(draw(st.integers(0, 3))):
        count = draw(st.integers(0, 2))
        calls = [
            Call(
                next(ids), draw(st.sampled_from(names or _NAMES)), draw(st.sampled_from(({}, {"city": "Oslo"}))),
                draw(_ANY_TEXT), draw(st.booleans()),
            )
            for _ in range(count)
        ]  # fmt: skip
        turns.append(
            Turn(
                draw(st.lists(_ANY_TEXT, min_size=1, max_size=2)),
                draw(st.lists(st.sampled_from(("image", "jpg", "address", "pdf", "named", "unnamed")), max_size=2)),
                draw(_ANY_TEXT),
                draw(st.sampled_from(("", "Hm."))),
                draw(st.sampled_from(("", "c2ln"))),
                calls,
            )
        )
    choice = draw(st.sampled_from((None, None, "auto", "required", "none", "named", "missing")))
    settings = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "stop": st.lists(
                    st.sampled_from(("END", "\n", " ", "a", "b", "c")), min_size=1, max_size=6, unique=True
                ),
                "user": st.sampled_from(("u1", "x" * 300)),
                "schema": st.sampled_from(_SCHEMAS[4:]),
                "thinks": st.booleans(),
            },
        )
    )
    return Conversation(
        draw(_ANY_TEXT), turns, draw(_TEXTS.filter(_is_visible)), [*zip(names, schemas, strict=True)], choice, settings
    )


# OpenAI's protocol.


def openai_request(conversation: Conversation, model: str) -> Json:
    messages: list[Json] = []
    if conversation.system:
        messages.append({"role": "system", "content": conversation.system})
    for turn in conversation.turns:
        parts = [*[{"type": "text", "text": text} for text in turn.texts], *map(_openai_file, turn.files)]
        messages.append({"role": "user", "content": parts if turn.files or len(parts) > 1 else turn.texts[0]})
        answer: Json = {"role": "assistant", "content": turn.answer or None}
        if turn.thinking:
            answer["reasoning_content"] = turn.thinking
        if turn.calls:
            answer["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {
                    "name": call.name, "arguments": json.dumps(call.arguments) if call.arguments else ""}}
                for call in turn.calls
            ]  # fmt: skip
        messages.append(answer)
        messages += [{"role": "tool", "tool_call_id": call.id, "content": call.result} for call in turn.calls]
    messages.append({"role": "user", "content": conversation.last})
    body: Json = {"model": model, "messages": messages}
    if conversation.tools:
        body["tools"] = [{"type": "function", "function": _function(*tool)} for tool in conversation.tools]
    named = conversation.tools[0][0] if conversation.tools else "nothing"
    if conversation.choice in {"named", "missing"}:
        name = named if conversation.choice == "named" else "missing"
        body["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif conversation.choice:
        body["tool_choice"] = conversation.choice
    for name in ("stop", "user"):
        if name in conversation.settings:
            body[name] = conversation.settings[name]
    if conversation.settings.get("thinks"):
        body["reasoning_effort"] = "high"
    if "schema" in conversation.settings:
        named_schema = {"name": "answer", "schema": conversation.settings["schema"]}
        body["response_format"] = {"type": "json_schema", "json_schema": named_schema}
    return body


def _function(name: str, schema: Any) -> Json:
    return {"name": name, "description": "d"} | ({} if schema is None else {"parameters": schema})


def _openai_file(kind: str) -> Json:
    if kind in {"image", "jpg"}:
        media_type = "image/png" if kind == "image" else "image/jpg"
        return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{PNG}"}}
    if kind == "address":
        return {"type": "image_url", "image_url": {"url": "https://img.example.com/photo?id=7"}}
    name = {"named": {"filename": "Bericht__2025 (v2).pdf"}, "unnamed": {}}.get(kind, {"filename": "报告"})
    return {"type": "file", "file": {**name, "file_data": f"data:application/pdf;base64,{PDF}"}}


# OpenAI's Responses API.


def responses_request(conversation: Conversation, model: str) -> Json:
    """Tools with a text as their name are functions, except for the last one of several: it is a custom tool."""
    custom = conversation.tools[-1][0] if len(conversation.tools) > 1 else ""
    items: list[Json] = []
    for turn in conversation.turns:
        parts = [{"type": "input_text", "text": text} for text in turn.texts]
        items.append({"type": "message", "role": "user", "content": [*parts, *map(_responses_file, turn.files)]})
        if turn.thinking:
            blocks = [{"type": "thinking", "thinking": turn.thinking, "signature": turn.signature}]
            items.append({
                "type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": turn.thinking}],
                "encrypted_content": json.dumps(blocks) if turn.signature else "gAAAA",
            })  # fmt: skip
        if turn.answer:
            items.append({"role": "assistant", "content": turn.answer})
        items += [_responses_call(call, is_custom=call.name == custom) for call in turn.calls]
        items += [_responses_output(call, is_custom=call.name == custom) for call in turn.calls]
    items.append({"role": "user", "content": conversation.last})
    body: Json = {"model": model, "input": items, "store": False}
    if conversation.system:
        body["instructions"] = conversation.system
    if conversation.tools:
        body["tools"] = [
            {"type": "custom", "name": name, "description": "d"}
            if name == custom
            else {"type": "function", **_function(name, schema)}
            for name, schema in conversation.tools
        ]
    if conversation.choice == "named" and conversation.tools:
        body["tool_choice"] = {"type": "function", "name": conversation.tools[0][0]}
    elif conversation.choice in {"auto", "none"} or (conversation.choice == "required" and conversation.tools):
        body["tool_choice"] = conversation.choice
    if "user" in conversation.settings:
        body["user"] = conversation.settings["user"]
    if conversation.settings.get("thinks"):
        body["reasoning"] = {"effort": "high", "summary": "auto"}
    if "schema" in conversation.settings:
        body["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": conversation.settings["schema"]}}
    return body


def _responses_call(call: Call, *, is_custom: bool) -> Json:
    if is_custom:
        return {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": json.dumps(call.arguments)}
    arguments = json.dumps(call.arguments) if call.arguments else ""
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def _responses_output(call: Call, *, is_custom: bool) -> Json:
    kind = "custom_tool_call_output" if is_custom else "function_call_output"
    output = [{"type": "input_text", "text": call.result}] if call.failed else call.result
    return {"type": kind, "call_id": call.id, "output": output}


def _responses_file(kind: str) -> Json:
    if kind in {"image", "jpg"}:
        media_type = "image/png" if kind == "image" else "image/jpg"
        return {"type": "input_image", "image_url": f"data:{media_type};base64,{PNG}", "detail": "auto"}
    if kind == "address":
        return {"type": "input_image", "image_url": "https://img.example.com/photo?id=7", "detail": "low"}
    name = {"named": {"filename": "Bericht__2025 (v2).pdf"}, "unnamed": {}}.get(kind, {"filename": "报告"})
    return {"type": "input_file", **name, "file_data": f"data:application/pdf;base64,{PDF}"}


# Anthropic's protocol.


def anthropic_request(conversation: Conversation, model: str) -> Json:
    messages: list[Json] = []
    for turn in conversation.turns:
        texts = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}} for text in turn.texts]
        messages.append({"role": "user", "content": [*texts, *map(_anthropic_file, turn.files)]})
        blocks: list[Json] = []
        if turn.thinking:
            blocks.append({"type": "thinking", "thinking": turn.thinking, "signature": turn.signature})
        if turn.answer:
            blocks.append({"type": "text", "text": turn.answer})
        blocks += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in turn.calls
        ]
        messages.append({"role": "assistant", "content": blocks or "ok"})
        if turn.calls:
            messages.append({"role": "user", "content": [_anthropic_result(call) for call in turn.calls]})
    messages.append({"role": "user", "content": conversation.last})
    body: Json = {"model": model, "max_tokens": 4096, "messages": messages}
    if conversation.system:
        body["system"] = [{"type": "text", "text": conversation.system, "cache_control": {"type": "ephemeral"}}]
    if conversation.tools:
        body["tools"] = [
            {"name": name, "description": "d", "input_schema": schema or {"type": "object"}}
            for name, schema in conversation.tools
        ]
    named = conversation.tools[0][0] if conversation.tools else "nothing"
    kinds = {"auto": "auto", "required": "any", "none": "none"}
    if conversation.choice in {"named", "missing"}:
        body["tool_choice"] = {"type": "tool", "name": named if conversation.choice == "named" else "missing"}
    elif conversation.choice:
        body["tool_choice"] = {"type": kinds[conversation.choice]}
    if "stop" in conversation.settings:
        body["stop_sequences"] = conversation.settings["stop"]
    if "user" in conversation.settings:
        body["metadata"] = {"user_id": conversation.settings["user"]}
    if conversation.settings.get("thinks"):
        body["thinking"] = {"type": "enabled", "budget_tokens": 2048}
    if "schema" in conversation.settings:
        body["output_config"] = {"format": {"type": "json_schema", "schema": conversation.settings["schema"]}}
    return body


def _anthropic_result(call: Call) -> Json:
    result: Json = {"type": "tool_result", "tool_use_id": call.id, "content": call.result}
    if call.failed:
        result |= {"is_error": True, "content": [
            {"type": "text", "text": call.result}, {"type": "tool_reference", "tool_name": call.name}]}  # fmt: skip
    return result


def _anthropic_file(kind: str) -> Json:
    if kind in {"image", "jpg"}:
        media_type = "image/png" if kind == "image" else "image/jpg"
        return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": PNG}}
    if kind == "address":
        return {"type": "image", "source": {"type": "url", "url": "https://img.example.com/photo?id=7"}}
    if kind == "pdf":
        return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
    if kind == "named":
        return {
            "type": "document",
            "title": "Bericht__2025 (v2).pdf",
            "source": {"type": "url", "url": "https://e.com/a.pdf"},
        }
    inner = [{"type": "text", "text": "found"}]
    return {"type": "search_result", "source": "https://e.com", "title": "S", "content": inner}
