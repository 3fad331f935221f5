"""The timers of one plugin instance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from .. import callback_functions, checks
from ..checks import MAX_U32
from ..errors import RuleError
from ..wire import Host

TICK_MS: Final = 100
"""The granularity of ticks."""


def check_period(period_ms: int) -> int:
    """Raises `TypeError` or `ValueError` for what cannot be the period of a tick."""
    period_ms = checks.number(period_ms, "the period of a tick", -MAX_U32, MAX_U32)
    if period_ms < TICK_MS or period_ms % TICK_MS:
        raise ValueError(f"the period of a tick must be a multiple of {TICK_MS} milliseconds, got {period_ms}")
    return period_ms


class Ticks:
    """The functions that are called periodically, and when each of them is due."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._entries: list[_Tick] = []
        self._period = 0
        self.open = True

    def register(self, period_ms: int, function: Callable[[], object]) -> None:
        period_ms = check_period(period_ms)
        callback_functions.check(function, "the function of a tick", "register_tick", ())
        if not self.open:
            raise RuleError("a tick can be registered only while the plugin starts, for example in parse_config")
        self._entries.append(_Tick(period_ms, function))

    def start(self) -> None:
        """The plugin has started: the first ticks are due at once, which means with the host's first event."""
        self.open = False
        self._ask_for(TICK_MS if self._entries else 0)

    def due(self) -> list[Callable[[], object]]:
        """The functions to call now."""
        now = self._host.now()
        due = [entry for entry in self._entries if entry.is_due(now)]
        for entry in due:
            entry.last = now
        # After the first round, the gateway wakes us only as often as a timer may be due.
        self._ask_for(math.gcd(*(entry.period_ms for entry in self._entries)))
        return [entry.function for entry in due]

    def _ask_for(self, period_ms: int) -> None:
        if period_ms != self._period:
            self._period = period_ms
            self._host.set_tick_period(period_ms)


class _Tick:
    __slots__ = ("function", "last", "period_ms")

    def __init__(self, period_ms: int, function: Callable[[], object]) -> None:
        self.period_ms = period_ms
        self.function = function
        self.last: int | None = None

    def is_due(self, now: int) -> bool:
        # The host's timer fires a little late each time, and not equally late: half a step of tolerance.
        return self.last is None or now - self.last >= (self.period_ms - TICK_MS // 2) * 1_000_000
