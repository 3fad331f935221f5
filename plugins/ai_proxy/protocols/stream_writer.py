"""`StreamWriter`: writes the streams of one client protocol and guarantees a legal order of events."""

from __future__ import annotations

from typing import Any, Protocol

from ..wire.errors import ApiError
from ..wire.json import Json


class StreamWriter(Protocol):
    """Takes a stream in the pivot's terms (deltas and finish of each choice, usage, end) and writes it in the client's
    protocol. `take` returns the bytes written since the last call.
    """

    may_end: bool
    """The provider has announced the end: choices without a finish reason end with the stream."""

    @property
    def needs_scrubbing(self) -> bool:
        """The bytes of the next `take` may contain a credential: they have text that was not searched."""

    @property
    def begun(self) -> bool:
        """An event has been written, or the id is known."""

    @property
    def has_content(self) -> bool:
        """A part of the answer has been written."""

    @property
    def closed(self) -> bool:
        """The stream has ended: nothing more is written."""

    @property
    def complete(self) -> bool:
        """There is at least one choice, and all choices are finished."""

    @property
    def last_usage(self) -> Json | None:
        """The newest usage, in the pivot's terms, whether the client wants it or not."""

    def begin(self, chunk_id: str = "", *, created: Any = None, model: Any = None) -> None:
        """Set id, time of creation and model of the stream. Later calls are ignored."""

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        """Add to a choice. `usage` is the usage so far, for providers that send it with every event."""

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        """Finish a choice."""

    def usage(self, usage: Json) -> None:
        """Set the usage."""

    def done(self) -> None:
        """The provider has ended the stream. Raises `ApiError` if a choice is not finished."""

    def fail(self, error: ApiError) -> None:
        """End the stream with an error."""

    def take(self) -> bytes:
        """The bytes written since the last call."""
