"""Contents of answers that are lists of parts, as Mistral's reasoning models send them: text and reasoning.

Source: docs.mistral.ai, "Reasoning": `[{"type": "thinking", "thinking": [{"type": "text", "text": ...}]}, {"type":
"text", "text": ...}]`. OpenAI's answers have a text only.
"""

from __future__ import annotations

from typing import Any

from ...wire import lenient
from ...wire.json import Json
from .message_content import lenient_text


def flattened(message: Json) -> Json:
    """A message or delta with its content as a text, and the thinking in it as `reasoning_content`."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    reasoning = "".join(_thinking(part.get("thinking")) for part in lenient.objects(content))
    result = {**message, "content": lenient_text(content)}
    if reasoning:
        result["reasoning_content"] = lenient.text(message.get("reasoning_content")) + reasoning
    return result


def _thinking(given: Any) -> str:
    return lenient_text(given)


def listed(message: Json) -> Json:
    """A message of the conversation with its reasoning as Mistral has it, in front of the content."""
    reasoning = message.get("reasoning_content")
    if not isinstance(reasoning, str):
        return message
    result = {name: value for name, value in message.items() if name != "reasoning_content"}
    if not reasoning:
        return result
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": reasoning}]}
    return {**result, "content": [thinking, *parts]}
