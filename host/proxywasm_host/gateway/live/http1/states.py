"""What a client's connection is doing."""

from __future__ import annotations

import enum


class State(enum.Enum):
    IDLE = enum.auto()
    """There is no request, or only the beginning of its head."""
    BUSY = enum.auto()
    """An exchange is under way; the requests behind it wait."""
    ANSWERED = enum.auto()
    """The response is complete, the request is not. If its end is not in the bytes at hand, the connection ends."""
    TUNNEL = enum.auto()
    """Another protocol has taken over."""
    LINGERING = enum.auto()
    """What still comes is thrown away: the client is to read the response before the connection is gone."""
    CLOSED = enum.auto()
