"""What limits mean, as plainly as possible: a list of what was taken, and arithmetic on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from proxywasm.limits import Bucket, Limit
from proxywasm.limits.kinds import SLICES


@dataclass
class Entry:
    slice: int
    amount: int


@dataclass
class WindowModel:
    """Of one key. The clock never goes backwards here."""

    limit: Limit
    entries: list[Entry] = field(default_factory=list)

    def used(self, now: int) -> int:
        return sum(entry.amount for entry in self.entries if entry.slice >= now // self.limit.unit - SLICES)

    def take(self, now: int, amount: int) -> Entry | None:
        if self.used(now) + amount > self.limit.limit:
            return None
        return self.add(now, amount)

    def add(self, now: int, amount: int) -> Entry:
        self.entries.append(Entry(now // self.limit.unit, amount))
        return self.entries[-1]

    def settle(self, now: int, entry: Entry, actual: int) -> None:
        if actual < entry.amount:
            entry.amount = actual
        elif actual > entry.amount:
            self.add(now, actual - entry.amount)

    def wait(self, now: int, amount: int) -> int:
        """The first beginning of a slice at which it fits."""
        unit, at = self.limit.unit, now
        for _ in range(SLICES + 1):
            at = (at // unit + 1) * unit
            if self.used(at) + amount <= self.limit.limit:
                break
        return at - now


@dataclass
class BucketModel:
    """Of one key: the level as a fraction of tokens."""

    limit: Bucket
    at: int = 0
    level: Fraction = Fraction(-1)

    def _fill(self, now: int) -> None:
        limit = self.limit
        full = Fraction(limit.limit)
        passed = now - self.at
        self.level = full if not self.at else min(full, self.level + Fraction(passed * limit.refill, limit.unit))
        self.at = now

    def used(self, now: int) -> int:
        self._fill(now)
        return self.limit.limit - self.level.__floor__()

    def take(self, now: int, amount: int) -> Entry | None:
        self._fill(now)
        if self.level < amount:
            return None
        self.level -= amount
        return Entry(0, amount)

    def settle(self, now: int, entry: Entry, actual: int) -> None:
        self._fill(now)
        self.level = min(self.level + entry.amount - actual, Fraction(self.limit.limit))

    def wait(self, now: int, amount: int) -> int:
        self._fill(now)
        wait = ((min(amount, self.limit.limit) - self.level) * self.limit.unit / self.limit.refill).__ceil__()
        return max(wait, self.limit.unit) if amount > self.limit.limit else wait
