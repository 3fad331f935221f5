"""A conversation as one text, for services that take no more than that."""

from __future__ import annotations

from typing import Final, TypeAlias

from ...wire.json import Json
from . import chat_fields, message_content

# Who says what. Others are the user.
_LABELS: Final = {"system": "SYSTEM", "developer": "SYSTEM", "assistant": "ASSISTANT", "tool": "TOOL"}


_Line: TypeAlias = tuple[str, ...]
"""In pieces, since texts may be long and are copied once, when all of them become one."""


def transcript(messages: list[Json], service: str) -> str:
    """Each message with the name of its speaker. Raises `ApiError`.

    Calls of tools are told as `name({"argument": 1})`, each on a line of its own; where there are several, each result
    begins with the line of its call.
    """
    lines: dict[str, _Line] = {}
    several = False
    result: list[str] = []
    for message in messages:
        said = message_content.text_only(message.get("content"), service)
        told: list[_Line] = [(said,)] if said else []
        if calls := _calls(message):
            told += [line for _, line in calls]
            lines = dict(calls)
            several = len(lines) > 1
        elif message.get("role") == "tool" and several:
            # Once for each call: the line may be long, and any number of results may name the same call.
            line = lines.pop(str(message.get("tool_call_id")), None)
            told = [line, *told] if line else told
        result += (_LABELS.get(str(message.get("role")), "USER"), ": ")
        for line in told or [()]:
            result += ("\n", *line)
        result.append("\n")
    return "".join(result)


def _calls(message: Json) -> list[tuple[str, _Line]]:
    return [(call.id, (call.name, "(", call.text, ")")) for call in chat_fields.calls(message)]
