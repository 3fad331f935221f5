"""What streams leave in an instance from one callback to the next: bodies that wait, bodies for a retry, and what has
arrived of large events.
"""

from __future__ import annotations

from . import limits


class Kept:
    """How much that is, for all requests to one provider.

    Each request alone is bounded by its body. A thousand of them at the same time would take all the memory that the
    instance may have, and with it all streams that share it.
    """

    def __init__(self, limit: int = limits.KEPT) -> None:
        self._limit = limit
        self._sizes: dict[object, int] = {}
        self.total = 0

    def fits(self, exchange: object, size: int) -> bool:
        """Count so many bytes for this request, instead of what was counted before. False: that is too much."""
        total = self.total - self._sizes.get(exchange, 0) + size
        if total > self._limit:
            return False
        self._sizes[exchange] = size
        self.total = total
        return True

    def forget(self, exchange: object) -> None:
        """The stream of this request has ended."""
        self.total -= self._sizes.pop(exchange, 0)
