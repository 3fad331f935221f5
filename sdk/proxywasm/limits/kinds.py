"""The kinds of limits, and what is asked of them."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from .. import checks

MOST: Final = 2**48
"""The largest limit, and the largest amount. Redis' scripts calculate with doubles, which are exact up to 2**53."""
SLICES: Final = 10
"""A window is counted in so many slices, and the one that has begun. What was counted leaves with its whole slice: no
interval as long as the window has more than the limit, and what was used is free again up to a slice later."""
LONGEST_SECONDS: Final = 366 * 86_400


class Window:
    """At most `limit` in any interval of so many seconds (a sliding window).

    >>> Window(100, seconds=60)
    Window(100, seconds=60)
    """

    __slots__ = ("limit", "name", "seconds", "unit")
    is_bucket: Final = False
    refill: Final = 0

    def __init__(self, limit: int, *, seconds: int) -> None:
        self.limit: Final = checks.number(limit, "the limit of a window", 1, MOST)
        self.seconds: Final = checks.number(seconds, "the seconds of a window", 1, LONGEST_SECONDS)
        self.unit: Final = seconds * 1000 // SLICES
        """Milliseconds of a slice."""
        self.name: Final = f"w{seconds}"

    def __repr__(self) -> str:
        return f"Window({self.limit}, seconds={self.seconds})"


class Places:
    """At most `limit` at the same time. A place is a lease: its holder renews it, or it is free again after
    `lease_seconds`, and a tenth more.
    """

    __slots__ = ("lease_seconds", "limit", "name", "unit")
    is_bucket: Final = False
    refill: Final = 0

    def __init__(self, limit: int, *, lease_seconds: int = 60) -> None:
        self.limit: Final = checks.number(limit, "the number of places", 1, MOST)
        self.lease_seconds: Final = checks.number(lease_seconds, "the seconds of a lease", 10, 86_400)
        self.unit: Final = lease_seconds * 1000 // SLICES
        self.name: Final = f"p{lease_seconds}"

    def __repr__(self) -> str:
        return f"Places({self.limit}, lease_seconds={self.lease_seconds})"


class Bucket:
    """A token bucket: `capacity` at once, and `refill` more every so many seconds."""

    __slots__ = ("limit", "name", "refill", "unit")
    is_bucket: Final = True

    def __init__(self, capacity: int, *, refill: int, seconds: int = 1) -> None:
        self.limit: Final = checks.number(capacity, "the capacity of a bucket", 1, MOST)
        self.refill: Final = checks.number(refill, "what refills a bucket", 1, MOST)
        seconds = checks.number(seconds, "the seconds of a bucket", 1, LONGEST_SECONDS)
        self.unit: Final = seconds * 1000
        """Levels are counted in parts of a token: each has as many parts as the period has milliseconds."""
        if capacity * self.unit > MOST or refill > MOST // self.unit:
            raise ValueError(f"a bucket's capacity and refill, times its milliseconds, may be at most {MOST}")
        self.name: Final = f"b{seconds}"

    def __repr__(self) -> str:
        return f"Bucket({self.limit}, refill={self.refill}, seconds={self.unit // 1000})"


Limit: TypeAlias = Window | Places | Bucket


class Demand(NamedTuple):
    """So much of a limit, for one key. Limits with the same kind, period and key share their count."""

    limit: Limit
    key: str
    amount: int = 1


class Standing(NamedTuple):
    """How much of a limit is used for a key."""

    limit: int
    used: int
    reset_ms: int
    """Until nothing of it is used, if nothing more is taken."""

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)


class Change(NamedTuple):
    """A later change of what was taken: some is given back, some is taken without being asked."""

    limit: Limit
    key: str
    slice: int
    """Where it was taken."""
    back: int
    more: int


class Taken(NamedTuple):
    """What a storage answers to demands: `refused` as in `Decision`, and for each demand its numbers."""

    refused: int | None
    retry_after_ms: int
    standings: tuple[Standing, ...]
    slices: tuple[int, ...]


class StorageError(Exception):
    """The storage cannot say. The message is for the log."""
