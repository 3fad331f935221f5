"""The budget of retries: an outage of a provider must not multiply the load of the others."""

from __future__ import annotations

import time
from typing import Final

_BURST: Final = 10
_WINDOW: Final = 10.0
"""Seconds. The budget is that of the last 10 to 20 seconds."""


class RetryBudget:
    """Allows a part of the latest requests as attempts after the first. Counts those of this instance."""

    def __init__(self, percent: int) -> None:
        self._share = percent / 100
        self._burst = _BURST if percent else 0
        self._window = time.time()
        self._asked, self._asked_before = 0, 0
        self._taken, self._taken_before = 0, 0

    def asked(self) -> None:
        """A client has sent a request."""
        age = time.time() - self._window
        if age >= _WINDOW:
            recent = age < 2 * _WINDOW
            self._asked_before, self._taken_before = (self._asked, self._taken) if recent else (0, 0)
            self._asked = self._taken = 0
            self._window = time.time()
        self._asked += 1

    @property
    def allows(self) -> bool:
        allowed = self._burst + self._share * (self._asked + self._asked_before)
        return self._taken + self._taken_before + 1 <= allowed

    def taken(self) -> None:
        """An attempt after the first is made."""
        self._taken += 1
