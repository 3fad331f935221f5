"""The adapter's state of one direction of a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ..batch import Batch
from ..headers import Headers
from ..wire import BodyMode, Command, Hold, Outcome
from .calls import REQUEST, REQUEST_BODY, REQUEST_HEADERS, RESPONSE, RESPONSE_BODY, RESPONSE_HEADERS

_SKIP, _OBSERVE = BodyMode.SKIP, BodyMode.OBSERVE


class Side(NamedTuple):
    """The name of a direction in messages, and its numbers in the ABI."""

    name: str
    number: int
    map_kind: int
    body_kind: int


REQUEST_SIDE: Final = Side("request", REQUEST, REQUEST_HEADERS, REQUEST_BODY)
RESPONSE_SIDE: Final = Side("response", RESPONSE, RESPONSE_HEADERS, RESPONSE_BODY)


class Half:
    """What the gateway has been told about one direction, and what it has not been told yet.

    One class for both directions: the interpreter is fast with attributes as long as all objects are of one class.
    """

    __slots__ = (
        "arrived", "batch", "body_kind", "buffering", "collecting", "context", "ended", "hold", "holds_headers", "kept",
        "limit", "map_kind", "mode", "name", "number", "on_body", "on_headers", "passing", "stopped", "trailers_wait",
        "without_body",
    )  # fmt: skip

    def __init__(
        self,
        side: Side,
        context: int,
        on_headers: Callable[[int, Headers, bool], Sequence[Command] | None],
        on_body: Callable[[int, bytes, bool], Outcome],
    ) -> None:
        self.name, self.number, self.map_kind, self.body_kind = side
        self.context = context
        """The gateway's stream that has this direction: that of an attempt, if there are several; see `stages`."""
        self.on_headers = on_headers
        self.on_body = on_body
        self.mode = _SKIP
        self.batch: Batch | None = None
        """What has passed, if the plugin only looks at the body."""
        self.limit: int | None = None
        """Bytes that may be buffered; None: as many as the gateway allows."""
        self.hold: Hold | None = None
        """What the plugin asked for in the phase that is being answered."""
        self.arrived = False
        self.ended = False
        """The last of it has arrived."""
        self.without_body = False
        """Its headers are the end."""
        self.holds_headers = False
        """The gateway was told to wait with the headers, and has not been told to go on."""
        self.stopped = False
        """The gateway was told to wait, and has not been told to continue."""
        self.buffering = False
        """The last body phase returned `STOP_BODY`. From then on the gateway puts each chunk into its buffer before it
        calls the plugin, until a body phase returns something else. It sends its buffer only in a call of
        `continue_stream`."""
        self.passing = False
        """The plugin holds nothing back. The gateway was stopped only so that `continue_stream` makes it send its
        buffer."""
        self.collecting = False
        """The gateway's buffer has a part of the body that the plugin has not seen."""
        self.trailers_wait = False
        """There are trailers that the plugin has not seen: what is stopped continues only when it has."""
        self.kept = b""
        """A part that we took out of the gateway's buffer, because the headers had to be sent without it."""

    def read(self, mode: BodyMode, limit: int | None) -> None:
        """How the plugin wants the body, and how many bytes may be buffered for it."""
        self.mode, self.limit = mode, limit
        self.batch = Batch() if mode is _OBSERVE else None
