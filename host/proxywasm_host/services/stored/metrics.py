"""`Metrics` of plugins whose instances are in several processes: a counter counts what all of them count."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

import lmdb

from proxywasm.wire import LimitError, MetricKind

from ..limits import Limits
from ..metrics import BOUNDS, GREATEST, Metric, Metrics, check_definition
from .store import Store, Transaction, key_of

_NUMBER: Final = struct.Struct(">I")
_VALUE: Final = struct.Struct(">Q")
_HISTOGRAM: Final = struct.Struct(f">{3 + len(BOUNDS) + 1}Q")  # value, count, total, buckets
_EMPTY: Final = _HISTOGRAM.pack(*[0] * (3 + len(BOUNDS) + 1))


class StoredMetrics(Metrics):
    """Numbers and values are those of the store. No samples are kept, only their number, sum and buckets."""

    def __init__(self, store: Store, place: str, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self._store = store
        self._names = b"names:%b:" % place.encode()
        self._kinds = b"kinds:%b:" % place.encode()
        self._values = b"values:%b:" % place.encode()

    def define(self, kind: MetricKind, name: str) -> int:
        known = self._ids.get((kind, name))
        if known is not None:
            return known
        key = key_of(self._names + kind.value.encode(), name)
        with self._store.writing() as transaction:
            stored = transaction.get(key)
            if stored is None:
                defined = transaction.get(self._kinds) or bytes(4)
                number = _NUMBER.unpack(defined)[0]
                check_definition(name, number, self._limits)
                stored = _NUMBER.pack(number)
                try:
                    transaction.put(key, stored)
                    transaction.put(self._kinds + stored, f"{kind.value}:{name}".encode(errors="surrogatepass"))
                    transaction.put(self._values + stored, _EMPTY if kind is MetricKind.HISTOGRAM else bytes(8))
                    transaction.put(self._kinds, _NUMBER.pack(number + 1))
                except lmdb.MapFullError:
                    raise LimitError(f"the metric {name!r} is not defined: the workers' store is full") from None
        number = self._ids[kind, name] = int(_NUMBER.unpack(stored)[0])
        return number

    def __getitem__(self, number: int) -> Metric:
        if not 0 <= number < 2**32:
            raise IndexError(f"there is no metric {number}")
        with self._store.reading() as transaction:
            return self._metric(transaction, number)

    def increment(self, number: int, offset: int) -> None:
        self.increment_all([(number, offset)])

    def increment_all(self, offsets: Iterable[tuple[int, int]]) -> None:
        with self._store.writing() as transaction:
            for number, offset in offsets:
                key, stored = self._stored(transaction, number)
                value = min(max(_VALUE.unpack_from(stored)[0] + offset, 0), GREATEST)
                transaction.put(key, _VALUE.pack(value) + stored[_VALUE.size :])

    def record(self, number: int, value: int) -> None:
        self.record_all([(number, value)])

    def record_all(self, values: Iterable[tuple[int, int]]) -> None:
        with self._store.writing() as transaction:
            for number, value in values:
                key, stored = self._stored(transaction, number)
                transaction.put(key, _VALUE.pack(value) if len(stored) == _VALUE.size else _with_sample(stored, value))

    def all(self) -> list[Metric]:
        with self._store.reading() as transaction:
            defined = _NUMBER.unpack(transaction.get(self._kinds) or bytes(4))[0]
            return [self._metric(transaction, number) for number in range(defined)]

    def snapshot(self) -> dict[str, int]:
        return {metric.name: metric.value for metric in self.all() if metric.kind is not MetricKind.HISTOGRAM}

    def histograms(self) -> dict[str, list[int]]:
        return {metric.name: [] for metric in self.all() if metric.kind is MetricKind.HISTOGRAM}

    def _stored(self, transaction: Transaction, number: int) -> tuple[bytes, bytes]:
        key = self._values + _NUMBER.pack(number)
        stored = transaction.get(key)
        if stored is None:
            raise IndexError(f"there is no metric {number}")
        return key, stored

    def _metric(self, transaction: Transaction, number: int) -> Metric:
        _, stored = self._stored(transaction, number)
        definition = transaction.get(self._kinds + _NUMBER.pack(number)) or b""
        kind, _, name = definition.decode(errors="surrogatepass").partition(":")
        if kind != MetricKind.HISTOGRAM:
            return Metric(MetricKind(kind), name, _VALUE.unpack(stored)[0])
        value, count, total, *buckets = _HISTOGRAM.unpack(stored)
        return Metric(MetricKind.HISTOGRAM, name, value, count=count, total=total, buckets=buckets)


def _with_sample(stored: bytes, value: int) -> bytes:
    numbers = list(_HISTOGRAM.unpack(stored))
    numbers[0] = value
    numbers[1] += 1
    numbers[2] = min(numbers[2] + value, GREATEST)
    numbers[3 + bisect_left(BOUNDS, value)] += 1
    return _HISTOGRAM.pack(*numbers)
