"""Counters, gauges and histograms of the gateway's statistics.

Make them once, at the top of a module; they are defined in the gateway when they are first used. Metrics of the same
kind and name are the same metric, in all instances of a plugin.
"""

from __future__ import annotations

from typing import ClassVar

from . import checks
from .checks import MAX_S64, MAX_U64, MIN_S64
from .core.running import current
from .wire import Host, MetricKind


class _Metric:
    kind: ClassVar[MetricKind]

    def __init__(self, name: str) -> None:
        self.name = checks.name(name, "the name of a metric")

    def _there(self) -> tuple[Host, int]:
        instance = current(f"using the metric {self.name!r}")
        key = self.kind, self.name
        number = instance.metrics.get(key)
        if number is None:
            number = instance.metrics[key] = instance.host.define_metric(self.kind, self.name)
        return instance.host, number

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Counter(_Metric):
    """A number that only grows."""

    kind = MetricKind.COUNTER

    def increment(self, offset: int = 1) -> None:
        offset = checks.number(offset, "what is added to a counter", MIN_S64, MAX_S64)
        if offset < 0:
            raise ValueError(f"a counter only grows: {self.name} + {offset}")
        host, number = self._there()
        host.increment_metric(number, offset)

    @property
    def value(self) -> int:
        host, number = self._there()
        return host.get_metric(number)


class Gauge(_Metric):
    """A number that goes up and down, not below 0."""

    kind = MetricKind.GAUGE

    def add(self, offset: int) -> None:
        """Less than 0 is 0."""
        offset = checks.number(offset, "what is added to a gauge", MIN_S64, MAX_S64)
        host, number = self._there()
        host.increment_metric(number, offset)

    def record(self, value: int) -> None:
        """Set it."""
        value = checks.number(value, "the value of a gauge", 0, MAX_U64)
        host, number = self._there()
        host.record_metric(number, value)

    @property
    def value(self) -> int:
        host, number = self._there()
        return host.get_metric(number)


class Histogram(_Metric):
    """A distribution of samples, for example of durations or sizes."""

    kind = MetricKind.HISTOGRAM

    def record(self, value: int) -> None:
        """Add a sample, a whole number."""
        value = checks.number(value, "a sample of a histogram", 0, MAX_U64)
        host, number = self._there()
        host.record_metric(number, value)
