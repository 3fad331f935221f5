"""Counts the bytes that streams keep in an instance between callbacks: waiting bodies, bodies for a retry, and the
arrived parts of large events.
"""

from __future__ import annotations

from . import limits


class MemoryBudget:
    """The bytes of all requests to one provider.

    Each body has a limit, but a thousand concurrent requests could take all the memory of the instance, which would end
    all streams in it.
    """

    def __init__(self, limit: int = limits.MEMORY_BUDGET) -> None:
        self._limit = limit
        self._sizes: dict[object, int] = {}
        self.used = 0

    def reserve(self, exchange: object, size: int) -> bool:
        """Count this many bytes for the request, replacing its previous number. False: the total would be too large."""
        total = self.used - self._sizes.get(exchange, 0) + size
        if total > self._limit:
            return False
        self._sizes[exchange] = size
        self.used = total
        return True

    def release(self, exchange: object) -> None:
        """The stream of this request has ended."""
        self.used -= self._sizes.pop(exchange, 0)
