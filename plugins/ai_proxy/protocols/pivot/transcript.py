"""A conversation as one text, for services that accept only a text."""

from __future__ import annotations

from typing import Final, TypeAlias

from ...wire.json import Json
from . import chat_fields, message_content

# The label of each role. Other roles are the user.
_LABELS: Final = {"system": "SYSTEM", "developer": "SYSTEM", "assistant": "ASSISTANT", "tool": "TOOL"}


_Line: TypeAlias = tuple[str, ...]
"""The pieces of a line. They are joined once at the end, because texts may be long."""


def transcript(messages: list[Json], service: str) -> str:
    """Each message with the label of its role. Raises `ApiError`.

    Each tool call is a line `name({"argument": 1})`. If there are several calls, each result begins with the line of
    its call.
    """
    lines: dict[str, _Line] = {}
    several = False
    result: list[str] = []
    for message in messages:
        text = message_content.text_only(message.get("content"), service)
        body: list[_Line] = [(text,)] if text else []
        if calls := _calls(message):
            body += [line for _, line in calls]
            lines = dict(calls)
            several = len(lines) > 1
        elif message.get("role") == "tool" and several:
            # Once for each call: the line may be long, and any number of results may name the same call.
            line = lines.pop(str(message.get("tool_call_id")), None)
            body = [line, *body] if line else body
        result += (_LABELS.get(str(message.get("role")), "USER"), ": ")
        for line in body or [()]:
            result += ("\n", *line)
        result.append("\n")
    return "".join(result)


def _calls(message: Json) -> list[tuple[str, _Line]]:
    return [(call.id, (call.name, "(", call.text, ")")) for call in chat_fields.calls(message)]
