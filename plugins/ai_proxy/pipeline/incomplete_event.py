"""Limits the memory that incomplete events of all streams take in an instance."""

from __future__ import annotations

from ..protocols.exchange import Exchange
from ..wire import limits
from ..wire.errors import too_many_events


class IncompleteEvent:
    """Counts the bytes of one stream's incomplete event, if it is large."""

    __slots__ = ("_exchange", "is_large")

    def __init__(self, exchange: Exchange | None) -> None:
        self._exchange = exchange
        self.is_large = False

    def grow_to(self, size: int) -> None:
        """The event has this many bytes now. Raises `ApiError` if all incomplete events are too large in total."""
        exchange = self._exchange
        large = size > limits.LARGE_EVENT
        if exchange is None or exchange.memory_budget is None or not (large or self.is_large):
            return
        self.is_large = large
        # The budget has one number for each exchange: the event and the body that is kept for a retry.
        sent = len(exchange.attempts.sent_body or b"") if exchange.attempts else 0
        if not exchange.memory_budget.reserve(exchange, (size if large else 0) + sent):
            raise too_many_events()
