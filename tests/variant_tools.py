"""Requests like the recorded ones with what few recorded ones have: tools and their results, schemas, more parameters.

What the original would have sent follows from section 4 of its behaviour, as in `variant_requests`.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Raw: TypeAlias = dict[str, Any]

TOOL: Final[Raw] = {
    "type": "function",
    "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {"at": {}}}},
}
SCHEMA: Final[Raw] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def call(call_id: str, arguments: str) -> Raw:
    return {"id": call_id, "type": "function", "function": {"name": "look", "arguments": arguments}}


def tool_turn(service: str, asked: Raw, sent: Raw) -> bool:
    """Two calls at once and their results, in the other order, before the last thing that the user says."""
    last = asked["messages"][-1]
    if last["role"] != "user" or not isinstance(last["content"], str):
        return False
    said = last["content"]
    turn = [
        {"role": "assistant", "content": None, "tool_calls": [call("c1", '{"at":"it"}'), call("c2", "")]},
        {"role": "tool", "tool_call_id": "c2", "content": "nothing"},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "a cat"}]},
    ]
    match service:
        case "dify":
            # Calls are lost, and tools are the user.
            labelled = f"USER: \n{said}\n"
            before = "ASSISTANT: \n\nUSER: \nnothing\nUSER: \na cat\n\n"
            if not any(labelled in text for text in _texts(sent)):
                return False
            _reword(sent, labelled, before + labelled)
        case "minimax":
            sent["messages"].insert(-1, {"sender_type": "BOT", "sender_name": "MM智能助理", "text": ""})
        case "hunyuan":
            sent["Messages"][-1:-1] = [{"Role": "assistant"}, {"Role": "tool", "Content": "nothing"}]
        case "cohere":  # Only the first message is sent.
            if len(asked["messages"]) < 2:
                return False
        case "triton":  # Only the last one is.
            pass
        case _:
            return False
    asked["messages"][-1:-1] = turn
    return True


def tools(service: str, asked: Raw, sent: Raw) -> bool:
    """Lost, where they are not recorded."""
    if service not in {"cohere", "dify", "hunyuan", "minimax"}:
        return False
    asked |= {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}}
    return True


def schema(service: str, asked: Raw, sent: Raw) -> bool:
    """Lost, but for Vertex AI."""
    if service not in {"bedrock", "claude", "cohere", "gemini"}:
        return False
    asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
    return True


def more_parameters(service: str, asked: Raw, sent: Raw) -> bool:
    """Lost; the penalties that are known somewhere are cut to integers there, and lost as zeros."""
    if service not in {"bedrock", "claude", "gemini", "hunyuan", "minimax", "vertex"}:
        return False
    asked |= {"top_k": 5, "presence_penalty": 0.5, "frequency_penalty": 0.5, "service_tier": "default", "user": "u-1"}
    asked["metadata"] = {"team": "a"}
    return True


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


def _reword(document: Raw, old: str, new: str) -> None:
    for key, value in document.items():
        if isinstance(value, str):
            document[key] = value.replace(old, new)
        elif isinstance(value, dict):
            _reword(value, old, new)
