"""Counters, gauges and histograms of the plugins."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from proxywasm.wire import LimitError, MetricKind

from .limits import Limits

SAMPLES: Final = 1000
"""Samples kept for each histogram: a plugin may record one with every request while the host runs."""
_GREATEST: Final = 2**64 - 1


@dataclass(slots=True)
class Metric:
    """A counter or gauge has a value, a histogram its latest samples, and the number and sum of all."""

    kind: MetricKind
    name: str
    value: int = 0
    samples: deque[int] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    count: int = 0
    total: int = 0


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
                self._check(name)
                number = self._ids[kind, name] = len(self._metrics)
                self._metrics.append(Metric(kind, name))
            return number

    def _check(self, name: str) -> None:
        longest, most = self._limits.metric_name, self._limits.metrics
        if len(name) > longest:
            raise LimitError(
                f"the metric {name[:50]!r}... is not defined: its name has {len(name)} characters, more than the "
                f"{longest} that are allowed"
            )
        if len(self._metrics) >= most:
            raise LimitError(
                f"the metric {name!r} is not defined: there are {len(self._metrics)}, more are not allowed"
            )

    def __getitem__(self, number: int) -> Metric:
        """Raises `IndexError` for a number that was never given out."""
        if not 0 <= number < len(self._metrics):
            raise IndexError(f"there is no metric {number}")
        return self._metrics[number]

    def increment(self, number: int, offset: int) -> None:
        """The value stays within 64 bits, and does not go below 0."""
        with self._lock:
            metric = self[number]
            metric.value = min(max(metric.value + offset, 0), _GREATEST)

    def record(self, number: int, value: int) -> None:
        with self._lock:
            metric = self[number]
            if metric.kind is MetricKind.HISTOGRAM:
                metric.samples.append(value)
                metric.count += 1
                metric.total += value
            metric.value = value

    def snapshot(self) -> dict[str, int]:
        """Counters and gauges by name."""
        return {metric.name: metric.value for metric in self._metrics if metric.kind is not MetricKind.HISTOGRAM}

    def histograms(self) -> dict[str, list[int]]:
        """The latest samples of histograms by name."""
        with self._lock:
            return {each.name: list(each.samples) for each in self._metrics if each.kind is MetricKind.HISTOGRAM}
