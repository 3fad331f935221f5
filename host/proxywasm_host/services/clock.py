"""The host's clock."""

from __future__ import annotations

import time


class Clock:
    """Wall clock in nanoseconds since 1970. With a start it stands still until it is advanced."""

    def __init__(self, start_ns: int | None = None) -> None:
        self._now = start_ns

    @property
    def stands_still(self) -> bool:
        return self._now is not None

    def now(self) -> int:
        return time.time_ns() if self._now is None else self._now

    def advance(self, milliseconds: int) -> None:
        """Only for a clock with a start."""
        assert self._now is not None, "the real clock cannot be advanced"
        self._now += milliseconds * 1_000_000
