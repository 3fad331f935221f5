"""The one time limit that counts for a connection at a time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


class Deadline:
    """Calls `expired` when the time is over, unless it is set anew or stopped before.

    Each request sets it several times, so the timer of the event loop stays, and looks how much is left.
    """

    __slots__ = ("_expired", "_loop", "_time", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._time = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        self._time = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._time:
            self._start()

    def unset(self) -> None:
        """No time limit for now."""
        self._time = math.inf

    def stop(self) -> None:
        """For good: nothing is left in the event loop."""
        self._time = math.inf
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        self._cancel()
        if self._time != math.inf:
            self._timer = self._loop.call_at(self._time, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() < self._time:
            self._start()
        else:
            self._expired()
