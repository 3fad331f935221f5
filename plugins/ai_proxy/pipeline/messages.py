"""Applies settings to the messages of a chat: roles, clean-up commands, merging. The same for all providers."""

from __future__ import annotations

from itertools import takewhile
from typing import Any, Final

from ..config.settings import Settings
from ..protocols.pivot.message_content import text_or_none
from ..providers.row import Row
from ..wire.json import Json

_INSTRUCTIONS: Final = ("system", "developer")
_SIDES: Final = ("user", "assistant")


def prepare(settings: Settings, row: Row, body: Json) -> bool:
    """Change the messages of the body; returns whether anything changed. Other modules refuse invalid messages."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return False
    developer = False
    for message in messages:
        if not isinstance(message, dict):
            return False
        if message.get("role") == "developer":
            developer = True
    prepared = messages
    if settings.context_cleanup_commands:
        prepared = _clean_up(prepared, settings.context_cleanup_commands)
    if settings.merge_consecutive_messages or settings.hiclaw_mode:
        prepared = _merge(prepared)
    if developer and not row.dialect.keeps_developer_role:
        # Most models know only `system`, the earlier name of the role.
        prepared = [
            {**message, "role": "system"} if message.get("role") == "developer" else message for message in prepared
        ]
    if prepared is messages or prepared == messages:
        return False
    body["messages"] = prepared
    return True


def _clean_up(messages: list[Json], commands: tuple[str, ...]) -> list[Json]:
    """Remove the last command and all messages before it, except system messages."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message.get("role") == "user" and text_or_none(message.get("content")) in commands:
            kept = [earlier for earlier in messages[:index] if earlier.get("role") in _INSTRUCTIONS]
            return kept + messages[index + 1 :]
    return messages


def _merge(messages: list[Json]) -> list[Json]:
    """Merge consecutive messages of the same speaker, for models that require alternating roles."""
    runs: list[list[Json]] = []
    for message in messages:
        if runs and message.get("role") in _SIDES and _same_speaker(runs[-1][0], message):
            runs[-1].append(message)
        else:
            runs.append([message])
    return [_joined(run) if len(run) > 1 else run[0] for run in runs]


def _same_speaker(first: Json, second: Json) -> bool:
    return first.get("role") == second.get("role") and first.get("name") == second.get("name")


def _joined(run: list[Json]) -> Json:
    """Merges messages: texts with a blank line between them, other contents as a list of parts. Keeps all fields.

    Joins all of them at once: joining two at a time would copy the first text for each further message.
    """
    message: Json = {}
    for one in reversed(run):
        message.update(one)  # If several messages have a field, the first one counts.
    for name in ("tool_calls", "annotations"):
        lists = [value for one in run if isinstance(value := one.get(name), list)]
        if len(lists) > 1 and isinstance(message[name], list):
            message[name] = [item for value in lists for item in value]
    for name in ("reasoning_content", "reasoning"):
        texts = [value for one in run if isinstance(value := one.get(name), str)]
        if len(texts) > 1 and isinstance(message[name], str):
            message[name] = "\n\n".join(texts)
    contents = [content for one in run if (content := one.get("content"))]
    if texts := list(takewhile(lambda content: isinstance(content, str), contents)):
        contents[: len(texts)] = ["\n\n".join(texts)]
    if len(contents) == 1:
        message["content"] = contents[0]
    elif contents:
        message["content"] = [part for content in contents for part in _parts(content)]
    return message


def _parts(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if isinstance(content, str) else [content]
