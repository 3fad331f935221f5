"""One direction of a stream as the adapter keeps it."""

from __future__ import annotations

from collections.abc import Callable

from ..headers import Headers
from ..wire import BodyMode, Hold, Outcome
from .calls import REQUEST, REQUEST_BODY, REQUEST_HEADERS, RESPONSE, RESPONSE_BODY, RESPONSE_HEADERS

_SKIP = BodyMode.SKIP


class Half:
    """What the gateway has been told about one direction, and what it has not been told yet."""

    name: str
    number: int
    map_kind: int
    body_kind: int

    __slots__ = ("arrived", "collecting", "ended", "hold", "kept", "limit", "mode", "on_body", "on_headers", "stopped")

    def __init__(
        self, on_headers: Callable[[int, Headers, bool], Outcome], on_body: Callable[[int, bytes, bool], Outcome]
    ) -> None:
        self.on_headers = on_headers
        self.on_body = on_body
        self.mode = _SKIP
        self.limit: int | None = None
        """Bytes that may be buffered; None: as many as the gateway allows."""
        self.hold: Hold | None = None
        """What the plugin asked for in the phase that is being answered."""
        self.arrived = False
        self.ended = False
        """The last of it has arrived."""
        self.stopped = False
        """The gateway was told to wait, and has not been told to go on."""
        self.collecting = False
        """The gateway's buffer has a part of the body that the plugin has not seen."""
        self.kept = b""
        """A part that we took out of the gateway's buffer, because the headers had to go on without it."""


class RequestHalf(Half):
    __slots__ = ()

    name = "request"
    number = REQUEST
    map_kind = REQUEST_HEADERS
    body_kind = REQUEST_BODY


class ResponseHalf(Half):
    __slots__ = ()

    name = "response"
    number = RESPONSE
    map_kind = RESPONSE_HEADERS
    body_kind = RESPONSE_BODY
