"""Events that arrive in pieces: how much of them waits in the instance."""

from __future__ import annotations

from ..protocols.exchange import Exchange
from ..wire import limits
from ..wire.errors import too_many_events


class IncompleteEvent:
    """Counts what has arrived of an event, if that is much."""

    __slots__ = ("_exchange", "is_large")

    def __init__(self, exchange: Exchange | None) -> None:
        self._exchange = exchange
        self.is_large = False

    def grow_to(self, size: int) -> None:
        """Raises `ApiError` if all events that are arriving are too large."""
        exchange = self._exchange
        large = size > limits.LARGE_EVENT
        if exchange is None or exchange.memory_budget is None or not (large or self.is_large):
            return
        self.is_large = large
        # What waits of the event counts beside the body that is kept for a retry.
        sent = len(exchange.attempts.sent_body) if exchange.attempts else 0
        if not exchange.memory_budget.reserve(exchange, (size if large else 0) + sent):
            raise too_many_events()
