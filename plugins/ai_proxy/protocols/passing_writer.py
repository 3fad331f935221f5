"""`PassingWriter`: the base of writers that change a stream and leave its events to another writer."""

from __future__ import annotations

from typing import Any

from ..wire.errors import ApiError
from ..wire.json import Json
from .stream_writer import StreamWriter


class PassingWriter:
    """A `StreamWriter` that passes everything to another one. Subclasses override what they change."""

    needs_scrubbing = True

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer

    @property
    def may_end(self) -> bool:
        return self._writer.may_end

    @may_end.setter
    def may_end(self, value: bool) -> None:
        self._writer.may_end = value

    @property
    def begun(self) -> bool:
        return self._writer.begun

    @property
    def has_content(self) -> bool:
        return self._writer.has_content

    @property
    def closed(self) -> bool:
        return self._writer.closed

    @property
    def complete(self) -> bool:
        return self._writer.complete

    @property
    def last_usage(self) -> Json | None:
        return self._writer.last_usage

    def begin(self, chunk_id: str = "", *, created: Any = None, model: Any = None) -> None:
        self._writer.begin(chunk_id, created=created, model=model)

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        self._writer.delta(index, delta, logprobs=logprobs, usage=usage)

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        self._writer.finish(index, reason, delta=delta, usage=usage)

    def usage(self, usage: Json) -> None:
        self._writer.usage(usage)

    def done(self) -> None:
        self._writer.done()

    def fail(self, error: ApiError) -> None:
        self._writer.fail(error)

    def take(self) -> bytes:
        return self._writer.take()
