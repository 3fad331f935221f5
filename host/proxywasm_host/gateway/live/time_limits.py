"""How long a stream may take: one timer for all limits of one exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..model import Limits

_TOTAL: Final = "the stream was not complete after {:g} s"


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
    """Calls `expired` when a time is over, until it is stopped.

    The timer is not set anew for each event, of which there are many: when it fires, it looks how much time is left.
    """

    __slots__ = (
        "_began", "_expired", "_first_byte", "_limits", "_loop", "_timer", "asked", "moved", "requested", "responded",
    )  # fmt: skip

    def __init__(self, limits: TimeLimits, expired: Callable[[Expired], None]) -> None:
        self._limits = limits
        self._expired = expired
        self._first_byte = limits.first_byte
        self._loop = asyncio.get_running_loop()
        self._began = self.moved = self._loop.time()
        """`moved`: when anything arrived last."""
        self.requested = False
        """The client has sent its whole request."""
        self.asked: float | None = None
        """Since when the upstream has the whole request; None: it does not have it."""
        self.responded = False
        """The upstream's response has begun: its headers have gone to the client, or its body has arrived."""
        self._timer = self._loop.call_later(limits.shortest, self._look)

    def move(self) -> None:
        self.moved = self._loop.time()

    def ask(self) -> None:
        self.asked = self._loop.time()
        if self._first_byte is not None and self._first_byte < self._limits.shortest:
            self._timer.cancel()
            self._timer = self._loop.call_later(self._first_byte, self._look)

    def limit_first_byte(self, milliseconds: int | None) -> None:
        """A plugin says how long the upstream of this request may take; None: no plugin does."""
        if milliseconds is not None:
            self._first_byte = milliseconds / 1000

    def start_over(self) -> None:
        """Another request is about to be sent."""
        self.moved = self._loop.time()
        self.asked, self.responded = None, False
        self._timer.cancel()
        self._timer = self._loop.call_later(self._limits.shortest, self._look)

    def total_expired(self) -> Expired | None:
        """What the client gets if the stream as a whole has taken too long already."""
        total = self._limits.total
        if total is None or self._loop.time() < self._began + total:
            return None
        return Expired(504, _TOTAL.format(total), "max_duration_timeout")

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
        if (first_byte := self._first_byte) is not None and not self.responded:
            since = now if self.asked is None else self.asked
            reason = f"the upstream's response has not begun after {first_byte:g} s"
            ends.append((since + first_byte, Expired(504, reason, "upstream_per_try_timeout")))
        if limits.total is not None:
            reason = _TOTAL.format(limits.total)
            ends.append((self._began + limits.total, Expired(late, reason, "max_duration_timeout")))
        end, expired = min(ends)
        if end > now:
            self._timer = self._loop.call_at(end, self._look)
            return
        timer = self._timer
        self._expired(expired)
        if self._timer is timer and not timer.cancelled():
            # A plugin has paused the answer.
            self._timer = self._loop.call_later(limits.shortest, self._look)
