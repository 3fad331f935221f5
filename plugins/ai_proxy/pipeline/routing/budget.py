"""The budget of retries: an outage of a provider must not multiply the load of the others."""

from __future__ import annotations

from typing import Final

_BURST: Final = 10.0


class RetryBudget:
    """Each request adds a part of an attempt, each attempt after the first takes one. Counts those of this instance."""

    def __init__(self, percent: int) -> None:
        self._share = percent / 100
        self._saved = _BURST if percent else 0.0

    def asked(self) -> None:
        """A client has sent a request."""
        self._saved = min(self._saved + self._share, _BURST + self._share * _BURST)

    @property
    def allows(self) -> bool:
        return self._saved >= 1

    def taken(self) -> None:
        """An attempt after the first is made."""
        self._saved -= 1
