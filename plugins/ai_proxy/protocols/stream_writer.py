"""`StreamWriter`: each owns the grammar of one client protocol's streams, so that an illegal order of events cannot be
produced.
"""

from __future__ import annotations

from typing import Any, Protocol

from ..wire.errors import ApiError
from ..wire.json import Json


class StreamWriter(Protocol):
    """Takes a stream as the pivot tells it (choices that get deltas and finish, usage, an end) and writes it down in
    the client's protocol. `take` gives the bytes written so far.
    """

    may_end: bool
    """The provider has said that it is done: choices that have no finish of their own end with the stream."""

    @property
    def wordy(self) -> bool:
        """What `take` is about to give may have a long text in it that nobody has looked at yet."""

    @property
    def begun(self) -> bool:
        """Something has been written, or at least the id is known."""

    @property
    def said(self) -> bool:
        """Some of the answer has been written."""

    @property
    def closed(self) -> bool:
        """Nothing more can be said."""

    @property
    def complete(self) -> bool:
        """Every choice that has begun is finished, and there is one."""

    def begin(self, chunk_id: str = "", *, created: Any = None, model: Any = None) -> None:
        """Say what the stream is called. Later names are ignored."""

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        """More of a choice. `usage` is what has been used so far, for providers that say so all the time."""

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        """The last of a choice."""

    def usage(self, usage: Json) -> None:
        """The tokens used."""

    def done(self) -> None:
        """The provider has ended the stream. Raises `ApiError` if that is too early: an end is not invented."""

    def fail(self, error: ApiError) -> None:
        """End the stream with an error."""

    def take(self) -> bytes:
        """The bytes written since the last time."""
