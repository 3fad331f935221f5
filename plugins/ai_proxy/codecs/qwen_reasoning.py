"""`reasoningContentMode`: what becomes of `reasoning_content` in a DashScope answer."""

from __future__ import annotations

from typing import Any

from ..jsonx import Json

OPEN, CLOSE = "<think>", "</think>\n"


def whole(message: Json, mode: str) -> Json:
    """A whole message with its reasoning passed through, dropped, or put in front of the content."""
    result: Json = {"role": message.get("role") or "assistant", "content": message.get("content")}
    thought = message.get("reasoning_content")
    if not isinstance(thought, str) or not thought:
        return result
    if mode == "passthrough":
        result["reasoning_content"] = thought
    elif mode == "concat":
        result["content"] = merged(f"{OPEN}{thought}{CLOSE}", result["content"])
    return result


class Stream:
    """The same for the deltas of a stream."""

    __slots__ = ("_mode", "_thinking")

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._thinking = False

    def delta(self, content: Any, thought: str, *, ends: bool) -> tuple[Any, str]:
        """What to send as content and as reasoning. `ends`: something other than text follows."""
        if self._mode == "passthrough":
            return content, thought
        if self._mode == "ignore":
            return content, ""
        text = ""
        if thought:
            text = thought if self._thinking else OPEN + thought
            self._thinking = True
        if self._thinking and (content or ends):
            text += CLOSE
            self._thinking = False
        return merged(text, content) if text else content, ""


def merged(text: str, content: Any) -> Any:
    """Text in front of a content that is text, a list of parts, or nothing."""
    if isinstance(content, list):
        return [{"text": text}, *content]
    return text + content if isinstance(content, str) else text
