"""`promoteThinkingOnEmpty`: an answer without content returns its reasoning as the content.

Otherwise clients that show only the content would show nothing. In a stream, the reasoning is held: the first piece of
content releases it as reasoning; the end of a choice without content releases it as the content.
"""

from __future__ import annotations

from typing import Any

from ..config.settings import Settings
from ..protocols.passing_writer import PassingWriter
from ..protocols.stream_writer import StreamWriter
from ..wire import limits
from ..wire.errors import ApiError
from ..wire.json import Json

_NAMES = ("reasoning_content", "reasoning")
_OVERHEAD = 128
"""The memory of a held delta besides its reasoning, in characters."""


def is_enabled(settings: Settings) -> bool:
    return settings.promote_thinking_on_empty or settings.hiclaw_mode


def promote(answer: Json) -> bool:
    """Change a whole answer of the OpenAI protocol. Returns whether it was changed."""
    changed = False
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        message = choice.get("message") if isinstance(choice, dict) else None
        if isinstance(message, dict) and not _has_content(message) and (reasoning := _reasoning(message)).strip():
            choice["message"] = {**without(message), "content": reasoning}
            changed = True
    return changed


def without(message: Json) -> Json:
    """A message or delta without its reasoning."""
    return {name: value for name, value in message.items() if name not in {*_NAMES, "thinking_blocks"}}


class Promotion:
    """Holds the reasoning of one stream, by choice."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[Json]] = {}
        self._decided: set[int] = set()
        self._size = 0

    def deltas(self, index: int, delta: Json) -> list[Json]:
        """The deltas to send now."""
        if index in self._decided:
            return [delta]
        if _has_content(delta):
            self._decided.add(index)
            return [*self._waiting.pop(index, ()), delta]
        if _reasoning(delta):
            waiting = self._waiting.setdefault(index, [])
            waiting.append(delta)
            self._size += len(_reasoning(delta)) + _OVERHEAD
            if self._size <= limits.HELD_TEXT:
                return []
            # So much reasoning is not an answer. It is sent as reasoning, and so is the rest of it.
            self._decided.add(index)
            del self._waiting[index]
            self._size = 0
            return waiting
        return [delta]

    def finish(self, index: int) -> Json | None:
        """The choice ends: the delta with its content, if there was none."""
        waiting = self._waiting.pop(index, None)
        return {"content": "".join(map(_reasoning, waiting))} if waiting else None

    def rest(self) -> list[tuple[int, Json]]:
        """The stream ends before its choices: the held deltas, unchanged."""
        rest = [(index, delta) for index, deltas in self._waiting.items() for delta in deltas]
        self._waiting.clear()
        return rest


class PromotingWriter(PassingWriter):
    """Promotes the reasoning of a stream."""

    def __init__(self, writer: StreamWriter) -> None:
        super().__init__(writer)
        self._promotion = Promotion()

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        for one in self._promotion.deltas(index, delta):
            self._writer.delta(index, one, logprobs=logprobs, usage=usage)

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        if delta and (_has_content(delta) or _reasoning(delta)):
            self.delta(index, delta)
            delta = None
        if (content := self._promotion.finish(index)) is not None:
            self._writer.delta(index, content)
        self._writer.finish(index, reason, delta=delta, usage=usage)

    def done(self) -> None:
        self._release()
        self._writer.done()

    def fail(self, error: ApiError) -> None:
        self._release()
        self._writer.fail(error)

    def _release(self) -> None:
        for index, delta in self._promotion.rest():
            self._writer.delta(index, delta)


def _has_content(message: Json) -> bool:
    """Whether there is something other than reasoning."""
    content = message.get("content")
    if isinstance(content, str):
        content = content.strip()
    return any((content, message.get("tool_calls"), message.get("refusal"), message.get("audio")))


def _reasoning(message: Json) -> str:
    return next((value for name in _NAMES if isinstance(value := message.get(name), str) and value), "")
