"""Counts in the gateway's shared data: right across all workers of one gateway.

A key of shared data cannot be deleted in any gateway, and clients can choose keys. So there is a fixed number of slots,
each with room for several keys; a key's digest says which slot it is in. A slot has its keys in the order of their last
use; where there is no room, the one that was not used for the longest time is forgotten.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import Final

from .. import checks
from ..core.running import current
from ..errors import LimitError
from ..text import to_bytes
from ..wire import CREATE
from .counters import COUNTS, Counter
from .kinds import Change, Demand, Limit, Standing, StorageError, Taken

KEYS_IN_SLOT: Final = 8
ATTEMPTS: Final = 100
_RECORD: Final = struct.Struct(f"<16sq{COUNTS}q")
_DIGEST: Final = 16


class SharedStorage:
    """Counts in shared data.

    Args:
        slots: each has room for 8 keys, and takes up to a kilobyte. Keys spread by chance, so the first are forgotten
            when about half as many are in use as there is room for.
        clock: milliseconds since 1970; by default the host's clock.
    """

    def __init__(self, slots: int = 1024, *, clock: Callable[[], int] | None = None) -> None:
        self._slots = checks.number(slots, "the number of slots", 1, 2**20)
        self._clock = clock or _host_clock
        self._prefix = ""

    def open(self, name: str) -> None:
        self._prefix = f"proxywasm.limits:{name}:"

    def take(self, demands: Sequence[Demand], done: Callable[[Taken | StorageError], object]) -> None:
        """`done` is called before this returns."""
        done(self._take(demands))

    def _take(self, demands: Sequence[Demand]) -> Taken | StorageError:
        now = self._clock()
        standings: list[Standing] = []
        slices: list[int] = []
        try:
            for position, (limit, key, amount) in enumerate(demands):
                counter, wait, taken = self._one(limit, key, now, amount)
                standings.append(Standing(limit.limit, counter.used, counter.reset))
                if wait:
                    self._undo(demands, slices, now)
                    return Taken(position, wait, tuple(standings), ())
                slices.append(taken)
        except (LimitError, StorageError) as error:
            self._undo(demands, slices, now)
            return StorageError(str(error))
        return Taken(None, 0, tuple(standings), tuple(slices))

    def _undo(self, demands: Sequence[Demand], slices: Sequence[int], now: int) -> None:
        for demand, taken in zip(demands, slices, strict=False):
            self._change(Change(demand.limit, demand.key, taken, demand.amount, 0), now)

    def change(self, changes: Sequence[Change], done: Callable[[Sequence[int] | StorageError], object]) -> None:
        """`done` gets the slices in which was taken, and is called before this returns."""
        now = self._clock()
        try:
            done([self._change(change, now) for change in changes])
        except (LimitError, StorageError) as error:
            done(StorageError(str(error)))

    def _one(self, limit: Limit, key: str, now: int, amount: int) -> tuple[Counter, int, int]:
        """The counter, how long to wait (0: it was taken), and the slice."""
        slot, digest = self._place(limit, key)
        for _ in range(ATTEMPTS):
            value, cas, at = _find(slot, digest)
            counter = _counter(limit, value, at, now)
            wait = counter.wait(amount)
            if (wait or not amount) and not counter.moved:
                return counter, wait, counter.head
            taken = counter.head if wait else counter.take(amount)
            if _store(slot, digest, value, cas, at, counter):
                return counter, wait, taken
        raise _crowded()

    def _change(self, change: Change, now: int) -> int:
        limit = change.limit
        slot, digest = self._place(limit, change.key)
        for _ in range(ATTEMPTS):
            value, cas, at = _find(slot, digest)
            counter = _counter(limit, value, at, now)
            if change.back:
                counter.give_back(change.slice, change.back)
            taken = counter.take(change.more) if change.more else counter.head
            if (at < 0 and not change.more) or _store(slot, digest, value, cas, at, counter):
                return taken
        raise _crowded()

    def _place(self, limit: Limit, key: str) -> tuple[str, bytes]:
        digest = hashlib.sha256(to_bytes(f"{limit.name}\0{key}")).digest()
        return f"{self._prefix}{int.from_bytes(digest[_DIGEST:20]) % self._slots}", digest[:_DIGEST]


def _host_clock() -> int:
    return current("a limit").host.now() // 1_000_000


def _find(slot: str, digest: bytes) -> tuple[bytes, int, int]:
    """The value of a slot, its number for compare-and-swap, and where the key is in it; -1: it is not."""
    entry = current("a limit").unchecked_host.get_shared_data(slot)
    if entry is None:
        return b"", CREATE, -1
    value, cas = entry
    at = value.find(digest)
    while at >= 0 and at % _RECORD.size:
        at = value.find(digest, at + 1)
    return value, cas, at


def _counter(limit: Limit, value: bytes, at: int, now: int) -> Counter:
    if at < 0:
        return Counter(limit, 0, [], now)
    _, head, *counts = _RECORD.unpack_from(value, at)
    return Counter(limit, head, counts, now)


def _store(slot: str, digest: bytes, value: bytes, cas: int, at: int, counter: Counter) -> bool:
    size = _RECORD.size
    others = value[: (KEYS_IN_SLOT - 1) * size] if at < 0 else value[:at] + value[at + size :]
    record = _RECORD.pack(digest, counter.head, *counter.counts)
    return current("a limit").unchecked_host.set_shared_data(slot, record + others, cas)


def _crowded() -> StorageError:
    return StorageError(f"the shared data changed {ATTEMPTS} times while it was being updated")
