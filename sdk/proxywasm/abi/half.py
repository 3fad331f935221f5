"""One direction of a stream as the adapter keeps it."""

from __future__ import annotations

from collections.abc import Callable

from ..wire import BodyMode, Fields, Hold, Outcome


class Half:
    """What the gateway has been told about one direction, and what it has not been told yet."""

    __slots__ = (
        "arrived",
        "body_kind",
        "collecting",
        "ended",
        "hold",
        "kept",
        "limit",
        "map_kind",
        "mode",
        "name",
        "number",
        "on_body",
        "on_headers",
        "stopped",
    )

    def __init__(
        self,
        name: str,
        number: int,
        map_kind: int,
        body_kind: int,
        on_headers: Callable[[int, Fields, bool], Outcome],
        on_body: Callable[[int, bytes, bool], Outcome],
    ) -> None:
        self.name = name
        self.number = number
        self.map_kind = map_kind
        self.body_kind = body_kind
        self.on_headers = on_headers
        self.on_body = on_body
        self.mode = BodyMode.SKIP
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
