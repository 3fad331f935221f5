"""What streams leave in an instance from one callback to the next: bodies that wait, bodies for a retry, and what has
arrived of large events.
"""

from __future__ import annotations

from ..protocols.exchange import Exchange
from ..wire import limits
from ..wire.errors import too_many_events


class Kept:
    """How much that is, for all requests to one provider.

    Each request alone is bounded by its body. A thousand of them at the same time would take all the memory that the
    instance may have, and with it all streams that share it.
    """

    def __init__(self, limit: int = limits.KEPT) -> None:
        self._limit = limit
        self._sizes: dict[Exchange, int] = {}
        self.total = 0

    def fits(self, exchange: Exchange, size: int) -> bool:
        """Count so many bytes for this request, instead of what was counted before. False: that is too much."""
        total = self.total - self._sizes.get(exchange, 0) + size
        if total > self._limit:
            return False
        self._sizes[exchange] = size
        self.total = total
        return True

    def fits_event(self, exchange: Exchange, size: int) -> bool:
        """Count so many bytes of an event that has not ended yet, beside the body that is kept for a retry."""
        return self.fits(exchange, size + len(exchange.sent or b""))

    def forget(self, exchange: Exchange) -> None:
        """The stream of this request has ended."""
        self.total -= self._sizes.pop(exchange, 0)


class Arriving:
    """Counts what has arrived of an event, if that is much."""

    __slots__ = ("_exchange", "counted")

    def __init__(self, exchange: Exchange | None) -> None:
        self._exchange = exchange
        self.counted = False

    def count(self, size: int) -> None:
        """Raises `ApiError` if all events that are arriving are too large."""
        exchange = self._exchange
        large = size > limits.COUNTED
        if exchange is None or exchange.kept is None or not (large or self.counted):
            return
        self.counted = large
        if not exchange.kept.fits_event(exchange, size if large else 0):
            raise too_many_events()
