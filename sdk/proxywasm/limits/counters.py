"""What is counted for a key, and how: the same rules as in the scripts for Redis (`scripts.py`).

The state of a window or of places is `head`, the number of the newest slice, and how much was taken in it and in each
slice before it. The state of a bucket is the time in `head` and its level as the first count.
"""

from __future__ import annotations

from typing import Final

from .kinds import MOST, SLICES, Limit

COUNTS: Final = SLICES + 1
LARGEST: Final = 2 * MOST
"""Of a count: their sum is exact in a double."""
EMPTY: Final = [0] * COUNTS


class Counter:
    """The state of one limit for one key, brought to a point in time.

    Args:
        limit: the limit.
        head: as it is stored.
        counts: as they are stored; they are changed in place. Empty: nothing is stored.
        now: milliseconds since 1970.
    """

    __slots__ = ("counts", "head", "limit", "moved", "now")

    def __init__(self, limit: Limit, head: int, counts: list[int], now: int) -> None:
        self.limit, self.head, self.counts, self.now = limit, head, counts, now
        self.moved = False
        """The clock was far ahead, and what was counted then counts as of now. It has to be stored, or its time would
        never be over."""
        if limit.is_bucket:
            self._refill(is_new=not counts)
        elif counts:
            self._advance(now // limit.unit)
        else:
            self.head, self.counts = now // limit.unit, EMPTY.copy()

    def _advance(self, index: int) -> None:
        counts, head = self.counts, self.head
        steps = index - head
        if steps < 0:
            while steps < 0 and not counts[0]:
                counts.append(counts.pop(0))
                steps += 1
            if steps < -SLICES:
                self.moved = True
                counts[:] = [min(sum(counts), LARGEST), *EMPTY[1:]]
                steps = 0
            elif steps < 0:
                # A little: time stands still until the clock is there again.
                index -= steps
        if steps > 0:
            counts[:] = [*EMPTY[:steps], *counts[: COUNTS - steps]] if steps < COUNTS else EMPTY
        self.head = index

    def _refill(self, *, is_new: bool) -> None:
        full = self.limit.limit * self.limit.unit
        if is_new:
            self.counts = [full, *EMPTY[1:]]
        else:
            passed = max(self.now - self.head, 0)
            self.counts[0] = min(self.counts[0] + passed * self.limit.refill, full)
        self.head = self.now

    @property
    def used(self) -> int:
        if self.limit.is_bucket:
            return self.limit.limit - self.counts[0] // self.limit.unit
        return sum(self.counts)

    def wait(self, amount: int) -> int:
        """Milliseconds until this amount would be there; 0: it is there now. For more than the whole limit: until
        nothing is used, and a period more."""
        limit, counts = self.limit, self.counts
        if limit.is_bucket:
            missing = min(amount, limit.limit) * limit.unit - counts[0]
            wait = -(-missing // limit.refill) if missing > 0 else 0
            return wait if amount <= limit.limit else max(wait, limit.unit)
        missing = sum(counts) + amount - limit.limit
        if missing <= 0:
            return 0
        for age in range(SLICES, -1, -1):
            missing -= counts[age]
            if missing <= 0:
                return self._leaves(age)
        return self._leaves(0)

    def _leaves(self, age: int) -> int:
        return max((self.head - age + COUNTS) * self.limit.unit - self.now, 1)

    @property
    def reset(self) -> int:
        """Milliseconds until nothing is used."""
        limit, counts = self.limit, self.counts
        if limit.is_bucket:
            return -((counts[0] - limit.limit * limit.unit) // limit.refill)
        for age in range(COUNTS):
            if counts[age]:
                return self._leaves(age)
        return 0

    def take(self, amount: int) -> int:
        """Take it, whether it is there or not. The slice in which it is counted."""
        limit, counts = self.limit, self.counts
        if limit.is_bucket:
            counts[0] = max(counts[0] - amount * limit.unit, -LARGEST)
        else:
            counts[0] = min(counts[0] + amount, LARGEST)
        return self.head

    def give_back(self, index: int, amount: int) -> None:
        """What was taken in this slice. What has left the window is not there any more."""
        limit, counts = self.limit, self.counts
        if limit.is_bucket:
            counts[0] = min(counts[0] + amount * limit.unit, limit.limit * limit.unit)
            return
        age = max(self.head - index, 0)
        if age < COUNTS:
            counts[age] = max(counts[age] - amount, 0)
