"""How long a stream may take: one timer for all limits of one exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..model import Limits


class Expired(NamedTuple):
    """What a client gets whose stream has taken too long."""

    status: int
    message: str
    details: str
    """What plugins see as `response.code_details`: Envoy's words."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """In seconds; see the keys of the same names in `model.Limits`. None: no limit."""

    idle: float
    request: float
    first_byte: float | None
    total: float | None
    shortest: float
    """The least of them: before it is over, nothing can have taken too long."""

    @classmethod
    def of(cls, limits: Limits) -> TimeLimits:
        times = (limits.idle, limits.request, limits.first_byte, limits.total)
        return cls(*times, shortest=min(time for time in times if time is not None))


class StreamClock:
    """Calls `expired` once, unless it is stopped before.

    The timer is not set anew for each event, of which there are many: when it fires, it looks how much time is left.
    """

    __slots__ = ("_began", "_expired", "_limits", "_loop", "_timer", "asked", "moved", "requested", "responded")

    def __init__(self, limits: TimeLimits, expired: Callable[[Expired], None]) -> None:
        self._limits = limits
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        self._began = self.moved = self._loop.time()
        """`moved`: when anything arrived last."""
        self.requested = False
        """The client has sent its whole request."""
        self.asked: float | None = None
        """Since when the upstream has the whole request; None: it does not have it."""
        self.responded = False
        """The upstream's response has begun."""
        self._timer = self._loop.call_later(limits.shortest, self._look)

    def move(self) -> None:
        self.moved = self._loop.time()

    def ask(self) -> None:
        self.asked = self._loop.time()

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        limits = self._limits
        late = 504 if self.requested else 408
        ends: list[tuple[float, Expired]] = [
            (self.moved + limits.idle, Expired(late, f"nothing has moved for {limits.idle:g} s", "stream_idle_timeout"))
        ]
        if not self.requested:
            reason = f"the request was not complete after {limits.request:g} s"
            ends.append((self._began + limits.request, Expired(408, reason, "request_overall_timeout")))
        if limits.first_byte is not None and not self.responded:
            since = now if self.asked is None else self.asked
            reason = f"the upstream's response has not begun after {limits.first_byte:g} s"
            ends.append((since + limits.first_byte, Expired(504, reason, "upstream_per_try_timeout")))
        if limits.total is not None:
            reason = f"the stream was not complete after {limits.total:g} s"
            ends.append((self._began + limits.total, Expired(late, reason, "max_duration_timeout")))
        end, expired = min(ends)
        if end <= now:
            self._expired(expired)
        else:
            self._timer = self._loop.call_at(end, self._look)
