"""What streams leave in an instance from one callback to the next: bodies that wait, bodies for a retry, and what has
arrived of large events.
"""

from __future__ import annotations

from ..protocols.exchange import Call
from ..wire import limits
from ..wire.errors import too_many_events


class Kept:
    """How much that is, for all requests to one provider.

    Each request alone is bounded by its body. A thousand of them at the same time would take all the memory that the
    instance may have, and with it all streams that share it.
    """

    def __init__(self, limit: int = limits.KEPT) -> None:
        self._limit = limit
        self._sizes: dict[Call, int] = {}
        self.total = 0

    def fits(self, call: Call, size: int) -> bool:
        """Count so many bytes for this request, instead of what was counted before. False: that is too much."""
        total = self.total - self._sizes.get(call, 0) + size
        if total > self._limit:
            return False
        self._sizes[call] = size
        self.total = total
        return True

    def fits_event(self, call: Call, size: int) -> bool:
        """Count so many bytes of an event that has not ended yet, beside the body that is kept for a retry."""
        return self.fits(call, size + len(call.sent or b""))

    def forget(self, call: Call) -> None:
        """The stream of this request has ended."""
        self.total -= self._sizes.pop(call, 0)


class Arriving:
    """Counts what has arrived of an event, if that is much."""

    __slots__ = ("_call", "counted")

    def __init__(self, call: Call | None) -> None:
        self._call = call
        self.counted = False

    def count(self, size: int) -> None:
        """Raises `ApiError` if all events that are arriving are too large."""
        call = self._call
        large = size > limits.COUNTED
        if call is None or call.kept is None or not (large or self.counted):
            return
        self.counted = large
        if not call.kept.fits_event(call, size if large else 0):
            raise too_many_events()
