"""Events that arrive in pieces: how much of them waits in the instance."""

from __future__ import annotations

from ..protocols.exchange import Exchange
from ..wire import limits
from ..wire.errors import too_many_events


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
        # What waits of the event counts beside the body that is kept for a retry.
        sent = len(exchange.attempts.sent_body) if exchange.attempts else 0
        if not exchange.kept.fits(exchange, (size if large else 0) + sent):
            raise too_many_events()
