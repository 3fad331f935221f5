"""Writes the streams of OpenAI's Responses API and guarantees their event order.

Source: OpenAI API reference, "Streaming events" of responses. A stream is `response.created` and
`response.in_progress`, then the events of output items (`items`), and `response.completed`, `response.incomplete` or
`response.failed`. `error` is for streams that fail before they begin.
"""

from __future__ import annotations

import uuid
from typing import Any

from proxywasm import log

from ...wire.errors import ApiError, stream_cut
from ...wire.json import Json, to_bytes
from .documents import Head, failure, incomplete_reason, state_of
from .events import Events
from .output import Output
from .remembered import Remembered


class ResponsesWriter:
    """Writes the first choice of a stream as one response."""

    needs_scrubbing = True

    def __init__(self, model: str, remembered: Remembered) -> None:
        self.may_end = self.closed = False
        self._model = model
        self._remembered = remembered
        self._head: Head | None = None
        self._started = False
        self._finish: str | None = None
        self.last_usage: Json | None = None
        self._events = Events()
        self._output = Output(self._events, remembered)

    @property
    def begun(self) -> bool:
        return self._head is not None

    @property
    def has_content(self) -> bool:
        return self._started

    @property
    def complete(self) -> bool:
        return self._finish is not None

    def begin(self, chunk_id: str = "", *, created: Any = None, model: Any = None) -> None:
        if self._head is None:
            name = model if isinstance(model, str) and model else self._model
            keeping = self._remembered.keeping
            answer_id = keeping.response_id if keeping is not None else chunk_id or str(uuid.uuid4())
            self._head = Head(answer_id, name, created, self._remembered.repeated)

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        """A response has no other choices than the first."""
        if index or self.closed:
            return
        if self._finish is not None:
            log.warn("the upstream sent a delta after its end; dropped")
            return
        if usage is not None:
            self.last_usage = usage
        if not self._started:
            self._start()
        content = delta.get("content")
        if logprobs is None and isinstance(content, str) and (len(delta) == 1 or (len(delta) == 2 and "role" in delta)):
            # Nearly all deltas have this form.
            if not content:
                return
            if (text := self._output.text) is not None:
                text.add(content)
                return
        self._output.add(delta, logprobs)

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        if index or self.closed or self._finish is not None:
            return
        self.delta(0, delta or {}, usage=usage)
        self._output.finish(incomplete=bool(incomplete_reason(reason)))
        self._finish = reason

    def usage(self, usage: Json) -> None:
        self.last_usage = usage

    def done(self) -> None:
        if self.closed:
            return
        if self._finish is None and self.may_end and self._started:
            self.finish(0, "stop")
        if self._finish is None:
            raise stream_cut()
        reason = incomplete_reason(self._finish)
        self._write_response("incomplete" if reason else "completed", reason=reason)
        self.closed = True

    def fail(self, error: ApiError) -> None:
        if self.closed:
            return
        self.closed = True
        if self._started:
            self._output.abandon()
            self._write_response("failed", error=failure(error))
        else:
            # The fields that the reference names, and the object in which client libraries look for them.
            fields = {"code": error.code, "message": error.message, "param": error.param}
            self._events.write("error", {**fields, **error.document()})

    def take(self) -> bytes:
        return to_bytes(self._events.take())

    def _start(self) -> None:
        self.begin()
        self._started = True
        for state in ("created", "in_progress"):
            self._write_response("in_progress", event=state)

    def _write_response(self, status: str, *, event: str = "", reason: str = "", error: Json | None = None) -> None:
        assert self._head is not None
        usage = None if event else self.last_usage
        state = state_of(status, self._output.documents(), usage=usage, reason=reason, error=error)
        response = self._head.text(state)
        if not event and self._remembered.keeping is not None:
            self._remembered.keeping.finish(response)
        kind = f"response.{event or status}"
        self._events.write_text(kind, f'{{"type":"{kind}","response":{response}}}')
