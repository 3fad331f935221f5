"""OpenAI's Responses API."""

from __future__ import annotations

import json
from typing import Any, Final

from ..problems import Json
from .openai_requests import function
from .parts import ADDRESS, DOCUMENTS, IMAGES, PDF_ADDRESS, PNG
from .turns import Call, Conversation, Turn

_SAME: Final = ("user", "temperature", "top_p", "metadata", "stream")
_RENAMED: Final = {"max_tokens": "max_output_tokens", "tier": "service_tier"}


def responses_request(conversation: Conversation, model: str) -> Json:
    """The tools are functions, except for the last one of several: it is a custom tool."""
    settings = conversation.settings
    custom = conversation.tools[-1][0] if len(conversation.tools) > 1 else ""
    items: list[Json] = []
    for turn in conversation.turns:
        items += _turn(turn, custom)
    if conversation.last:
        items.append({"role": "user", "content": conversation.last})
    body: Json = {"model": model, "input": items, "store": False}
    if conversation.system:
        body["instructions"] = conversation.system
    if conversation.tools:
        body["tools"] = [
            {"type": "custom", "name": name, "description": "d"}
            if name == custom
            else {"type": "function", **function(name, schema, strict="strict" in settings)}
            for name, schema in conversation.tools
        ]
        if "parallel" in settings:
            body["parallel_tool_calls"] = settings["parallel"]
    if (choice := _choice(conversation, custom)) is not None:
        body["tool_choice"] = choice
    body |= {name: settings[name] for name in _SAME if name in settings}
    body |= {name: settings[here] for here, name in _RENAMED.items() if here in settings}
    if "effort" in settings:
        body["reasoning"] = {"effort": settings["effort"], "summary": "auto"}
    if "schema" in settings:
        body["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": settings["schema"]}}
    elif "any_json" in settings:
        body["text"] = {"format": {"type": "json_object"}}
    return body


def _turn(turn: Turn, custom: str) -> list[Json]:
    items: list[Json] = []
    if turn.instruction:
        items.append({"role": "developer", "content": turn.instruction})
    parts = [{"type": "input_text", "text": text} for text in turn.texts]
    items.append({"type": "message", "role": "user", "content": [*parts, *map(_file, turn.files)]})
    if turn.thinking:
        blocks = [{"type": "thinking", "thinking": turn.thinking, "signature": turn.signature}]
        blocks += [{"type": "redacted_thinking", "data": "ZW5j"}] if turn.redacted else []
        items.append({
            "type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": turn.thinking}],
            "encrypted_content": json.dumps(blocks) if turn.signature else "gAAAA",
        })  # fmt: skip
    if turn.refusal and not turn.calls:
        items.append(_answer([{"type": "refusal", "refusal": turn.refusal}]))
    elif turn.answer:
        items.append(_answer([{"type": "output_text", "text": turn.answer, "annotations": []}]))
    items += [_call(call, is_custom=call.name == custom) for call in turn.calls]
    items += [_output(call, is_custom=call.name == custom) for call in turn.calls]
    if turn.calls and turn.remark:
        items.append({"role": "user", "content": turn.remark})
    return items


def _answer(content: list[Json]) -> Json:
    return {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": content}


def _call(call: Call, *, is_custom: bool) -> Json:
    if is_custom:
        return {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": json.dumps(call.arguments)}
    arguments = json.dumps(call.arguments) if call.arguments else ""
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def _output(call: Call, *, is_custom: bool) -> Json:
    kind = "custom_tool_call_output" if is_custom else "function_call_output"
    output: Any = call.result
    if call.failed or call.files:
        output = [{"type": "input_text", "text": call.result}, *map(_file, call.files)]
    return {"type": kind, "call_id": call.id, "output": output}


def _choice(conversation: Conversation, custom: str) -> Any:
    choice = conversation.choice
    if not conversation.tools:
        return choice if choice in {"auto", "none"} else None
    if choice == "named":
        kind = "custom" if conversation.named_tool == custom else "function"
        return {"type": kind, "name": conversation.named_tool}
    if choice == "allowed":
        allowed = [{"type": "function", "name": conversation.named_tool}]
        return {"type": "allowed_tools", "mode": "required", "tools": allowed}
    return choice if choice != "missing" else None


def _file(kind: str) -> Json:
    if kind in IMAGES:
        return {"type": "input_image", "image_url": f"data:{IMAGES[kind]};base64,{PNG}", "detail": "auto"}
    if kind == "address":
        return {"type": "input_image", "image_url": ADDRESS, "detail": "low"}
    document = DOCUMENTS[kind]
    name = {"filename": document.name} if document.name else {}
    if kind == "hidden":
        return {"type": "input_file", **name, "file_url": PDF_ADDRESS}
    return {"type": "input_file", **name, "file_data": f"data:{document.media_type};base64,{document.data}"}
