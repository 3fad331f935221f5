"""Recognises answers with a good status that a content filter has refused, before the client has got any of them.

Only for requests that another provider may then answer: the headers of a stream wait until it has content, or ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from proxywasm import SSEDecoder

from ..protocols.exchange import Failure, RefusalWatch
from ..protocols.openai import service as openai_chat
from ..protocols.passing_writer import PassingWriter
from ..protocols.pivot import finish_reasons
from ..protocols.stream_writer import StreamWriter
from ..wire import lenient
from ..wire.errors import ApiError
from ..wire.json import Json, loads

_CONTENT: Final = (
    "content",
    "tool_calls",
    "function_call",
    "reasoning_content",
    "reasoning",
    "thinking_blocks",
    "audio",
)


def failure() -> Failure:
    """The failure that such an answer is for the choice of another provider."""
    error = ApiError(400, "the model service has filtered the answer", code="content_filter")
    return Failure(error.status, error, unusable=True)


def watch_answer(watch: RefusalWatch, answer: Any) -> None:
    """Look at a whole answer: it is refused if all its choices are, whatever they have of content."""
    choices = lenient.objects(lenient.mapping(answer).get("choices"))
    reasons = [openai_chat.finish_reason(choice.get("finish_reason")) for choice in choices]
    watch.decided = True
    watch.refused = bool(reasons) and all(map(finish_reasons.is_filter, reasons))


def watch_events(watch: RefusalWatch, events: bytes) -> None:
    """Look at the beginning of a stream in OpenAI's protocol, from its first event on."""
    for event in SSEDecoder().feed(events):
        try:
            document = loads(event.data)
        except ValueError:  # the end, or what a client gets as it is
            watch.decided = True
            return
        if not isinstance(document, dict) or document.get("error"):
            watch.decided = True
            return
        for choice in lenient.objects(document.get("choices")):
            _see(watch, choice.get("delta"), openai_chat.finish_reason(choice.get("finish_reason")))


def _see(watch: RefusalWatch, delta: Any, reason: str) -> None:
    if watch.decided:
        return
    if any(_values(lenient.mapping(delta))):
        watch.decided = True
    elif reason:
        watch.decided, watch.refused = True, finish_reasons.is_filter(reason)


def _values(delta: Json) -> Iterable[Any]:
    return (delta.get(name) for name in _CONTENT)


class WatchingWriter(PassingWriter):
    """A `StreamWriter` that sees what comes first: content, or the end."""

    def __init__(self, writer: StreamWriter, watch: RefusalWatch) -> None:
        super().__init__(writer)
        self._watch = watch

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        _see(self._watch, delta, "")
        self._writer.delta(index, delta, logprobs=logprobs, usage=usage)

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        _see(self._watch, delta, reason)
        self._writer.finish(index, reason, delta=delta, usage=usage)
