"""The metrics of the gateway and of its plugins in Prometheus' text format, by the package `prometheus-client`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from proxywasm.wire import MetricKind

from ....services import Metric
from ....services.metrics import BOUNDS
from ...metric_labels import labels_of
from ..metrics import OTHER, parts_of
from ..shared import Shared

_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_:]")
_Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
_KINDS: Final[dict[MetricKind, type[_Family]]] = {
    MetricKind.COUNTER: CounterMetricFamily,
    MetricKind.GAUGE: GaugeMetricFamily,
    MetricKind.HISTOGRAM: HistogramMetricFamily,
}


def exposition(shared: Shared) -> bytes:
    """All metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(shared))
    return generate_latest(registry)


def collector(shared: Shared) -> Collector:
    """The same as families of the package."""
    return _Collector(shared)


class _Collector(Collector):
    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def collect(self) -> Iterable[_Family]:
        yield from _of_gateway(self._shared.gateway.all())
        yield from _of_plugins({name: metrics.all() for name, metrics in self._shared.metrics.items()})


def _of_gateway(metrics: Iterable[Metric]) -> Iterator[_Family]:
    families: dict[str, _Family] = {}
    for metric in metrics:
        family, labels = parts_of(metric.name)
        is_used = metric.value or metric.count
        if not is_used and (metric.kind is not MetricKind.GAUGE or labels[:1] == (OTHER,)):
            continue
        if family.name not in families:
            families[family.name] = _KINDS[family.kind](family.name, family.help, labels=family.labels)
        _add(families[family.name], labels, metric, family.unit)
    yield from families.values()


def _of_plugins(plugins: Mapping[str, Sequence[Metric]]) -> Iterator[_Family]:
    """Named as in Envoy, where other characters than Prometheus allows become `_`, with the plugin as a label.

    Metrics whose names and labels are the same then are added up. Of two kinds with one name, the second has its kind
    in its name, and of two sets of labels the second is a part of the name.
    """
    kinds: dict[str, MetricKind] = {}
    sets: dict[str, tuple[str, ...]] = {}
    merged: dict[tuple[str, tuple[str, ...]], Metric] = {}
    for plugin, ones in plugins.items():
        for metric in ones:
            base, labels = labels_of(metric.name)
            name = _allowed(base)
            if sets.setdefault(name, tuple(labels)) != tuple(labels):
                name, labels = _allowed(metric.name), {}
                sets[name] = ()
            if kinds.setdefault(name, metric.kind) is not metric.kind:
                name = f"{name}_{metric.kind.value}"
                kinds[name] = metric.kind
                sets[name] = tuple(labels)
            key = name, (plugin, *labels.values())
            known = merged.get(key)
            merged[key] = metric if known is None else _sum(known, metric)
    families: dict[str, _Family] = {}
    for (name, values), metric in merged.items():
        if name not in families:
            families[name] = _KINDS[metric.kind](name, "Of a plugin.", labels=["plugin", *sets[name]])
        _add(families[name], values, metric)
    yield from families.values()


def _allowed(name: str) -> str:
    name = _FORBIDDEN.sub("_", name)
    return f"_{name}" if name[:1].isdigit() else name


def _sum(one: Metric, other: Metric) -> Metric:
    buckets = [sum(pair) for pair in zip(one.buckets, other.buckets, strict=True)]
    return Metric(
        one.kind,
        one.name,
        one.value + other.value,
        count=one.count + other.count,
        total=one.total + other.total,
        buckets=buckets,
    )


def _add(family: _Family, labels: tuple[str, ...], metric: Metric, unit: float = 1) -> None:
    if isinstance(family, HistogramMetricFamily):
        bounds = [*(f"{bound * unit:g}" for bound in BOUNDS), "+Inf"]
        family.add_metric(labels, [*zip(bounds, accumulate(metric.buckets), strict=True)], metric.total * unit)
    else:
        family.add_metric(labels, metric.value * unit)
