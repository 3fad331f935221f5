"""Takes from limits, and gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

from .. import checks, log
from ..core.running import current
from ..metrics import Counter
from ..plugin_context import plugin_context
from .kinds import MOST, Change, Demand, Places, Standing, StorageError, Taken

RENEWED_AFTER: Final = 3
"""Slices of a lease after which a place is renewed: long before the lease is over, however busy the instance is."""
_RENEWAL_MS: Final = 1000
_failures: Final = Counter("limits_storage_failures", labels=["limiter"])


class Decision(NamedTuple):
    """Whether all demands were met. Either all of them are taken, or none."""

    allowed: bool
    failed: bool
    """The storage has failed, and the limiter has decided as it is configured. Nothing was taken."""
    refused: int | None
    """The demand that is refused, by its position."""
    retry_after_ms: int
    """Until the refused demand would be met, if nothing more is taken."""
    standings: tuple[Standing, ...]
    """For each demand, with what was taken. Demands after a refused one have none."""
    holding: Holding | None
    """What was taken, to be settled or released."""


Decided: TypeAlias = Callable[[Decision], object]


class Storage(Protocol):
    """Where limits are counted. The functions that are passed may be called at once or later, exactly once."""

    def open(self, name: str) -> None:
        """The storage belongs to the limiter of this name."""

    def take(self, demands: Sequence[Demand], done: Callable[[Taken | StorageError], object]) -> None:
        """Take all demands, or none."""

    def change(self, changes: Sequence[Change], done: Callable[[Sequence[int] | StorageError], object]) -> None:
        """Give back and take."""


class _Place:
    """A place that is held."""

    __slots__ = ("demand", "renewed", "renewing", "slice")

    def __init__(self, demand: Demand, at: int, renewed: int) -> None:
        self.demand, self.slice, self.renewed = demand, at, renewed
        self.renewing = False
        """Its slice is not known now."""


class Limiter:
    """Takes demands from a storage. Make it while the plugin starts, for example in `parse_config`: it renews leases
    by a tick.

    Args:
        name: limiters with the same name in the same storage share their counts.
        storage: `SharedStorage` or `RedisStorage`, for this limiter alone.
        fail_open: whether demands are allowed while the storage fails.
    """

    def __init__(self, name: str, storage: Storage, *, fail_open: bool = True) -> None:
        self.name: Final = checks.name(name, "the name of a limiter")
        self._storage = storage
        self._fail_open = checks.flag(fail_open, "fail_open")
        self._failing = False
        self._places: set[_Place] = set()
        storage.open(name)
        plugin_context().register_tick(_RENEWAL_MS, self._renew)

    def take(self, demands: Sequence[Demand], decided: Decided) -> None:
        """Take all demands, or none. `decided` is called once: with `SharedStorage` before this returns, with
        `RedisStorage` when Redis has answered, or has not answered in time. It is called in the name of the stream that
        has asked; if that has ended meanwhile, it is not called, and what was taken is released.

        Amounts are 0 or more; a demand of 0 takes nothing, and is refused if more than the limit is used. Demands with
        the same limit and key belong together: add them up, or each would be met from the same rest.
        """
        for demand in demands:
            checks.number(demand.amount, "the amount of a demand", 0, MOST)
        instance = current("a limit")
        stream = instance.stream
        taken_at = instance.host.now()

        def done(taken: Taken | StorageError) -> None:
            if isinstance(taken, StorageError):
                self._failed(taken)
                decision = Decision(self._fail_open, True, None, 0, (), None)
            else:
                self._works()
                holding = None if taken.refused is not None else Holding(self, demands, taken.slices, taken_at)
                refused, wait, standings, _ = taken
                decision = Decision(refused is None, False, refused, wait, standings, holding)
            if stream is None or instance.stream is stream:
                decided(decision)
            elif not stream.ended:
                instance.run_for(stream, decided, decision)
            elif decision.holding is not None:
                decision.holding.release()

        self._storage.take(demands, done)

    def _change(self, changes: Sequence[Change]) -> None:
        def done(slices: Sequence[int] | StorageError) -> None:
            if isinstance(slices, StorageError):
                self._failed(slices)
            else:
                self._works()

        if changes:
            self._storage.change(changes, done)

    def _renew(self) -> None:
        """Renew the leases that have become old."""
        if not self._places:
            return
        now = current("a limit").host.now()
        old: dict[tuple[Places, str, int], list[_Place]] = {}
        for place in self._places:
            limit, key, _ = place.demand
            assert isinstance(limit, Places)
            if not place.renewing and now - place.renewed >= RENEWED_AFTER * limit.unit * 1_000_000:
                old.setdefault((limit, key, place.slice), []).append(place)
        if not old:
            return
        groups = list(old.values())
        for group in groups:
            for place in group:
                place.renewing = True
        amounts = [sum(place.demand.amount for place in group) for group in groups]
        changes = [Change(*key, amount, amount) for key, amount in zip(old, amounts, strict=True)]

        def done(slices: Sequence[int] | StorageError) -> None:
            for group in groups:
                for place in group:
                    place.renewing = False
            if isinstance(slices, StorageError):
                # The next tick tries again. Nobody knows whether the storage has renewed them all the same: those that
                # were given back meanwhile are left to the end of their lease, for others may be in the same slice.
                self._failed(slices)
                return
            self._works()
            late = []
            for group, at in zip(groups, slices, strict=True):
                for place in group:
                    place.slice, place.renewed = at, now
                    if place not in self._places:
                        late.append(Change(place.demand.limit, place.demand.key, at, place.demand.amount, 0))
            self._change(late)

        self._storage.change(changes, done)

    def _failed(self, error: StorageError) -> None:
        _failures.increment(limiter=self.name)
        if not self._failing:
            self._failing = True
            what = "not limited" if self._fail_open else "refused"
            log.error("limits of %s cannot be counted, requests are %s: %s", self.name, what, error)

    def _works(self) -> None:
        if self._failing:
            self._failing = False
            log.warn("limits of %s are counted again", self.name)


class Holding:
    """What was taken. Settle it once the real amounts are known, or release it; afterwards both do nothing."""

    __slots__ = ("_demands", "_limiter", "_places", "_slices")

    def __init__(self, limiter: Limiter, demands: Sequence[Demand], slices: Sequence[int], taken_at: int) -> None:
        self._limiter: Limiter | None = limiter
        self._demands, self._slices = demands, slices
        self._places = [
            _Place(demand, at, taken_at)
            for demand, at in zip(demands, slices, strict=True)
            if isinstance(demand.limit, Places)
        ]
        limiter._places.update(self._places)

    def settle(self, amounts: Sequence[int]) -> None:
        """`amounts`: of each demand what was really used. What was reserved beyond it is given back, in the slice in
        which it was taken; what was used beyond the reservation counts from now on. Places are given back.
        """
        limiter, self._limiter = self._limiter, None
        if limiter is None:
            return
        limiter._places.difference_update(self._places)
        places = iter(self._places)
        changes = []
        for demand, at, amount in zip(self._demands, self._slices, amounts, strict=True):
            if isinstance(demand.limit, Places):
                place = next(places)
                if not place.renewing:  # otherwise it is given back once it is known where
                    changes.append(Change(demand.limit, demand.key, place.slice, demand.amount, 0))
                continue
            over = min(amount, MOST) - demand.amount
            if over:
                changes.append(Change(demand.limit, demand.key, at, max(-over, 0), max(over, 0)))
        limiter._change(changes)

    def release(self) -> None:
        """Give back everything that still counts, as if nothing had been used."""
        self.settle([0] * len(self._demands))

    def keep(self) -> None:
        """Give back places only: what was taken of windows and buckets was used."""
        self.settle([demand.amount for demand in self._demands])
