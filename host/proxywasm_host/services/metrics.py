"""Counters, gauges and histograms of the plugins."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from proxywasm.wire import LimitError, MetricKind

from .limits import Limits

BOUNDS: Final = (
    0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
    3_600_000,
)  # fmt: skip
"""Upper bounds of the buckets of histograms, as in Envoy."""
SAMPLES: Final = 1000
"""Samples kept for each histogram: a plugin may record one with every request while the host runs."""
GREATEST: Final = 2**64 - 1


@dataclass(slots=True)
class Metric:
    """A counter or gauge has a value, a histogram its latest samples, and the number and sum of all, also by bucket."""

    kind: MetricKind
    name: str
    value: int = 0
    samples: deque[int] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    count: int = 0
    total: int = 0
    buckets: list[int] = field(default_factory=list)
    """Of a histogram: how many samples are above the bound before and not above this one; the last have no bound."""

    def __post_init__(self) -> None:
        if self.kind is MetricKind.HISTOGRAM:
            self.buckets = self.buckets or [0] * (len(BOUNDS) + 1)


class Metrics:
    """Metrics by name, shared by plugin instances. Safe for threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._metrics: list[Metric] = []
        self._ids: dict[tuple[MetricKind, str], int] = {}

    def define(self, kind: MetricKind, name: str) -> int:
        """Raises `LimitError` for one too many, or if its name is too long."""
        with self._lock:
            number = self._ids.get((kind, name))
            if number is None:
                check_definition(name, len(self._metrics), self._limits)
                number = self._ids[kind, name] = len(self._metrics)
                self._metrics.append(Metric(kind, name))
            return number

    def __getitem__(self, number: int) -> Metric:
        """Raises `IndexError` for a number that was never given out."""
        if not 0 <= number < len(self._metrics):
            raise IndexError(f"there is no metric {number}")
        return self._metrics[number]

    def increment(self, number: int, offset: int) -> None:
        """The value stays within 64 bits, and does not go below 0."""
        with self._lock:
            metric = self[number]
            metric.value = min(max(metric.value + offset, 0), GREATEST)

    def record(self, number: int, value: int) -> None:
        with self._lock:
            metric = self[number]
            if metric.kind is MetricKind.HISTOGRAM:
                metric.samples.append(value)
                metric.count += 1
                metric.total += value
                metric.buckets[bisect_left(BOUNDS, value)] += 1
            metric.value = value

    def increment_all(self, offsets: Iterable[tuple[int, int]]) -> None:
        """As one: cheaper where the metrics are shared by processes."""
        for number, offset in offsets:
            self.increment(number, offset)

    def record_all(self, values: Iterable[tuple[int, int]]) -> None:
        for number, value in values:
            self.record(number, value)

    def all(self) -> list[Metric]:
        """All that are defined, in the order of their numbers."""
        return list(self._metrics)

    def snapshot(self) -> dict[str, int]:
        """Counters and gauges by name."""
        return {metric.name: metric.value for metric in self._metrics if metric.kind is not MetricKind.HISTOGRAM}

    def histograms(self) -> dict[str, list[int]]:
        """The latest samples of histograms by name."""
        with self._lock:
            return {each.name: list(each.samples) for each in self._metrics if each.kind is MetricKind.HISTOGRAM}


def check_definition(name: str, defined: int, limits: Limits) -> None:
    """Raises `LimitError` for one more than those that are defined already, or if its name is too long."""
    if len(name) > limits.metric_name:
        raise LimitError(
            f"the metric {name[:50]!r}... is not defined: its name has {len(name)} characters, more than the "
            f"{limits.metric_name} that are allowed"
        )
    if defined >= limits.metrics:
        raise LimitError(f"the metric {name!r} is not defined: there are {defined}, more are not allowed")
