"""`reasoningContentMode`: passes reasoning through, drops it, or puts it in front of the content."""

from __future__ import annotations

from ...wire.json import Json

OPEN, CLOSE = "<think>", "</think>\n"


def whole(message: Json, mode: str) -> Json:
    """Apply the mode to a whole message."""
    result: Json = {"role": message.get("role") or "assistant", "content": message.get("content")}
    reasoning = message.get("reasoning_content")
    if not isinstance(reasoning, str) or not reasoning:
        return result
    if mode == "passthrough":
        result["reasoning_content"] = reasoning
    elif mode == "concat":
        result["content"] = f"{OPEN}{reasoning}{CLOSE}{result['content'] or ''}"
    return result


class Stream:
    """Applies the mode to the deltas of a stream."""

    __slots__ = ("_mode", "_thinking")

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._thinking = False

    def delta(self, content: str | None, reasoning: str, *, ends: bool) -> tuple[str | None, str]:
        """The content and the reasoning to send. `ends`: tool calls or the end of the choice follow."""
        if self._mode == "passthrough":
            return content, reasoning
        if self._mode == "ignore":
            return content, ""
        text = ""
        if reasoning:
            text = reasoning if self._thinking else OPEN + reasoning
            self._thinking = True
        if self._thinking and (content or ends):
            text += CLOSE
            self._thinking = False
        return text + (content or "") if text else content, ""
