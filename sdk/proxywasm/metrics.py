"""Counters, gauges and histograms of the gateway's statistics.

Make them once, at the top of a module; they are defined in the gateway when they are first used. Metrics of the same
kind and name are the same metric, in all instances of a plugin.

Labels divide a metric: `Counter("requests", labels=["tenant"])` counts each tenant separately, as
`requests.tenant.acme`. Metrics never make a callback fail. An instance has room for `MOST_SERIES` values of labels;
later ones are counted together as `other`. A metric that cannot be defined at all is not counted. The log says both,
once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final
from urllib.parse import quote

from . import checks, log
from .checks import MAX_S64, MAX_U64, MIN_S64
from .core.instance import PluginInstance
from .core.running import current
from .text import to_bytes
from .wire import Host, LimitError, MetricKind

MOST_SERIES: Final = 1000
"""When an instance has this many metrics, new values of labels are counted as `OTHER`."""
MOST: Final = 2000
"""Metrics of an instance. Clients that choose names cannot fill the memory of the instance or the gateway."""
LONGEST_VALUE: Final = 100
"""Characters of a label's value; a longer one is counted as `OTHER`."""
OTHER: Final = "other"


class _Metric:
    kind: ClassVar[MetricKind]

    def __init__(self, name: str, labels: Iterable[str] = ()) -> None:
        self.name = checks.name(name, "the name of a metric")
        if isinstance(labels, str):
            raise TypeError(f"the labels of a metric are a list of names, got the text {labels!r}")
        self.label_names = tuple(checks.name(label, "the name of a label") for label in labels)

    def _found(self, labels: Mapping[str, str]) -> tuple[Host, int | None]:
        """The host and the metric's number there; None: it cannot be defined."""
        instance = current(f"using the metric {self.name!r}")
        number = None
        if tuple(labels) == self.label_names:
            number = instance.metrics.get((self.kind, self.name, *labels.values()))
        if number is None:
            number = self._find(instance, self._values(labels))
        return instance.host, number

    def _values(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        if labels.keys() != set(self.label_names):
            declared, given = (", ".join(names) or "none" for names in (self.label_names, labels))
            raise TypeError(f"the labels of the metric {self.name!r} are {declared}; got {given}")
        return tuple([checks.text(labels[name], f"the label {name!r}") for name in self.label_names])

    def _find(self, instance: PluginInstance, values: tuple[str, ...]) -> int | None:
        key = self.kind, self.name, *values
        if not values:
            return self._define(instance, key, MOST)
        number = instance.metrics.get(key)
        if number is None and max(map(len, values)) <= LONGEST_VALUE:
            number = self._define(instance, key, MOST_SERIES)
        if number is None:
            key = self.kind, self.name, *[OTHER] * len(values)
            number = instance.metrics.get(key)
        return self._define(instance, key, MOST) if number is None else number

    def _define(self, instance: PluginInstance, key: tuple[MetricKind | str, ...], most: int) -> int | None:
        """None if there is no room for it. The log says so once."""
        reason = f"there are {len(instance.metrics)}"
        if len(instance.metrics) < most:
            try:
                number = instance.host.define_metric(self.kind, self._full_name(key[2:]))
            except LimitError as error:
                reason = str(error)
            else:
                instance.metrics[key] = number
                return number
        what = "new values of labels are counted as 'other'" if most == MOST_SERIES else "some metrics are not counted"
        if what not in instance.metrics_refused:
            instance.metrics_refused.add(what)
            log.warn("%s, the first is %.100r: %s", what, self.name, reason)
        return None

    def _full_name(self, values: Iterable[MetricKind | str]) -> str:
        """Values are escaped as in a URL, and dots too: they separate labels."""
        parts = (
            f".{label}.{quote(to_bytes(str(value)), safe='').replace('.', '%2E')}"
            for label, value in zip(self.label_names, values, strict=True)
        )
        return "".join([self.name, *parts])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Counter(_Metric):
    """A number that only grows."""

    kind = MetricKind.COUNTER

    def increment(self, offset: int = 1, /, **labels: str) -> None:
        offset = checks.number(offset, "what is added to a counter", MIN_S64, MAX_S64)
        if offset < 0:
            raise ValueError(f"a counter only grows: {self.name} + {offset}")
        host, number = self._found(labels)
        if number is not None:
            host.increment_metric(number, offset)

    @property
    def value(self) -> int:
        return self.value_of()

    def value_of(self, **labels: str) -> int:
        """0 for one that cannot be defined."""
        host, number = self._found(labels)
        return 0 if number is None else host.get_metric(number)


class Gauge(_Metric):
    """A number that goes up and down, not below 0."""

    kind = MetricKind.GAUGE

    def add(self, offset: int, /, **labels: str) -> None:
        """The value does not go below 0."""
        offset = checks.number(offset, "what is added to a gauge", MIN_S64, MAX_S64)
        host, number = self._found(labels)
        if number is not None:
            host.increment_metric(number, offset)

    def record(self, value: int, /, **labels: str) -> None:
        """Set the value."""
        value = checks.number(value, "the value of a gauge", 0, MAX_U64)
        host, number = self._found(labels)
        if number is not None:
            host.record_metric(number, value)

    @property
    def value(self) -> int:
        return self.value_of()

    def value_of(self, **labels: str) -> int:
        """0 for one that cannot be defined."""
        host, number = self._found(labels)
        return 0 if number is None else host.get_metric(number)


class Histogram(_Metric):
    """A distribution of samples, for example of durations or sizes."""

    kind = MetricKind.HISTOGRAM

    def record(self, value: int, /, **labels: str) -> None:
        """Add a sample, a whole number."""
        value = checks.number(value, "a sample of a histogram", 0, MAX_U64)
        host, number = self._found(labels)
        if number is not None:
            host.record_metric(number, value)
