"""OpenAI's protocol: chats."""

from __future__ import annotations

import json
from typing import Any, Final

from ..problems import Json
from .parts import ADDRESS, DOCUMENTS, IMAGES, PNG
from .turns import Call, Conversation, Turn

_SAME: Final = ("stop", "user", "temperature", "top_p", "max_tokens", "metadata", "stream", "seed", "logprobs")
_RENAMED: Final = {"effort": "reasoning_effort", "penalty": "presence_penalty", "tier": "service_tier"}


def openai_request(conversation: Conversation, model: str) -> Json:
    settings = conversation.settings
    messages: list[Json] = []
    if conversation.system:
        messages.append({"role": "system", "content": conversation.system})
    for turn in conversation.turns:
        messages += _turn(turn)
    if conversation.last:
        named = {"name": settings["name"]} if "name" in settings else {}
        messages.append({"role": "user", "content": conversation.last, **named})
    body: Json = {"model": model, "messages": messages}
    if conversation.tools:
        body["tools"] = [
            {"type": "function", "function": function(*tool, strict="strict" in settings)}
            for tool in conversation.tools
        ]
    if (choice := _choice(conversation)) is not None:
        body["tool_choice"] = choice
    if "parallel" in settings and conversation.tools:
        body["parallel_tool_calls"] = settings["parallel"]
    body |= {name: settings[name] for name in _SAME if name in settings}
    body |= {name: settings[here] for here, name in _RENAMED.items() if here in settings}
    if "schema" in settings:
        named_schema = {"name": "answer", "schema": settings["schema"]}
        body["response_format"] = {"type": "json_schema", "json_schema": named_schema}
    elif "any_json" in settings:
        body["response_format"] = {"type": "json_object"}
    return body


def _turn(turn: Turn) -> list[Json]:
    messages: list[Json] = []
    if turn.instruction:
        messages.append({"role": "developer", "content": [{"type": "text", "text": turn.instruction}]})
    parts = [*[{"type": "text", "text": text} for text in turn.texts], *map(_file, turn.files)]
    messages.append({"role": "user", "content": parts if turn.files or len(parts) > 1 else turn.texts[0]})
    answer: Json = {"role": "assistant", "content": turn.answer or None}
    if turn.refusal and not turn.calls:
        answer |= {"content": None, "refusal": turn.refusal}
    if turn.thinking:
        answer["reasoning_content"] = turn.thinking
    if turn.calls:
        answer["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {
                "name": call.name, "arguments": json.dumps(call.arguments) if call.arguments else ""}}
            for call in turn.calls
        ]  # fmt: skip
    messages.append(answer)
    messages += [_result(call) for call in turn.calls]
    if turn.calls and turn.remark:
        messages.append({"role": "user", "content": turn.remark})
    return messages


def _result(call: Call) -> Json:
    """Results are texts; images are not allowed in them, but some clients send them."""
    content: Any = call.result
    if call.files:
        content = [{"type": "text", "text": call.result}, *map(_file, call.files)]
    return {"role": "tool", "tool_call_id": call.id, "content": content}


def _choice(conversation: Conversation) -> Any:
    if conversation.choice in {"named", "missing"}:
        return {"type": "function", "function": {"name": conversation.named_tool}}
    if conversation.choice == "allowed":
        allowed = [{"type": "function", "function": {"name": name}} for name, _ in conversation.tools[:1]]
        return {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": allowed}} if allowed else None
    return conversation.choice


def function(name: str, schema: Any, *, strict: bool = False) -> Json:
    result = {"name": name, "description": "d"} | ({} if schema is None else {"parameters": schema})
    return result | ({"strict": True} if strict else {})


def _file(kind: str) -> Json:
    if kind in IMAGES:
        return {"type": "image_url", "image_url": {"url": f"data:{IMAGES[kind]};base64,{PNG}"}}
    if kind == "address":
        return {"type": "image_url", "image_url": {"url": ADDRESS}}
    document = DOCUMENTS[kind]
    name = {"filename": document.name} if document.name else {}
    return {"type": "file", "file": {**name, "file_data": f"data:{document.media_type};base64,{document.data}"}}
