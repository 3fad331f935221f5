"""A conversation as one text, for services that take no more than that."""

from __future__ import annotations

from typing import Final

from ..jsonx import Json
from . import asked, content

# Who says what. Others are the user.
_LABELS: Final = {"system": "SYSTEM", "developer": "SYSTEM", "assistant": "ASSISTANT", "tool": "TOOL"}


def transcript(messages: list[Json], service: str) -> str:
    """Each message with the name of its speaker. Raises `ApiError`.

    Calls of tools are told as `name({"argument": 1})`, each on a line of its own; where there are several, each result
    begins with the line of its call.
    """
    lines: dict[str, str] = {}
    result = []
    for message in messages:
        said = content.text_only(message.get("content"), service)
        calls = [(call.id, f"{call.name}({call.text})") for call in asked.calls(message)]
        if calls:
            lines = dict(calls)
        elif message.get("role") == "tool" and len(lines) > 1:
            said = "\n".join(filter(None, (lines.get(str(message.get("tool_call_id"))), said)))
        told = "\n".join(filter(None, (said, *(line for _, line in calls))))
        result.append(f"{_LABELS.get(str(message.get('role')), 'USER')}: \n{told}\n")
    return "".join(result)
