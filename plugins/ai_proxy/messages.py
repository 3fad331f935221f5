"""What settings change about the messages of a chat, before anything provider-specific happens to them."""

from __future__ import annotations

from typing import Any, Final

from .jsonx import Json
from .provider import Row
from .settings import Settings

_INSTRUCTIONS: Final = ("system", "developer")
_SIDES: Final = ("user", "assistant")


def prepare(settings: Settings, row: Row, body: Json) -> bool:
    """Change `messages` in place; whether anything changed. What is no list of objects is left for others to refuse."""
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
    if developer and not row.keeps_developer_role:
        # Most models know only `system`, which is what the role was called before.
        prepared = [
            {**message, "role": "system"} if message.get("role") == "developer" else message for message in prepared
        ]
    if prepared is messages or prepared == messages:
        return False
    body["messages"] = prepared
    return True


def _clean_up(messages: list[Json], commands: tuple[str, ...]) -> list[Json]:
    """Forget what stands before the last command, and the command; system messages stay, under either name."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message.get("role") == "user" and _text(message.get("content")) in commands:
            kept = [earlier for earlier in messages[:index] if earlier.get("role") in _INSTRUCTIONS]
            return kept + messages[index + 1 :]
    return messages


def _text(content: Any) -> str | None:
    if not isinstance(content, list):
        return content if isinstance(content, str) else None
    texts = [part.get("text") if isinstance(part, dict) else None for part in content]
    return "\n".join(text for text in texts if text) if all(isinstance(text, str) for text in texts) else None


def _merge(messages: list[Json]) -> list[Json]:
    """Make one of neighbours from the same side, for models that insist on taking turns."""
    merged: list[Json] = []
    for message in messages:
        if merged and message.get("role") in _SIDES and _same_speaker(merged[-1], message):
            merged[-1] = _joined(merged[-1], message)
        else:
            merged.append(message)
    return merged


def _same_speaker(first: Json, second: Json) -> bool:
    return first.get("role") == second.get("role") and first.get("name") == second.get("name")


def _joined(first: Json, second: Json) -> Json:
    """Two texts get a blank line between them, anything else becomes a list of parts. No field gets lost."""
    message = {**second, **first}
    for name in ("tool_calls", "annotations"):
        if isinstance(first.get(name), list) and isinstance(second.get(name), list):
            message[name] = first[name] + second[name]
    for name in ("reasoning_content", "reasoning"):
        if isinstance(first.get(name), str) and isinstance(second.get(name), str):
            message[name] = f"{first[name]}\n\n{second[name]}"
    one, other = first.get("content"), second.get("content")
    if isinstance(one, str) and isinstance(other, str):
        message["content"] = f"{one}\n\n{other}" if one and other else one or other
    elif one or other:
        message["content"] = _parts(one) + _parts(other) if one and other else one or other
    return message


def _parts(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if isinstance(content, str) else [content]
