"""The metrics of `proxywasm serve`: all of them as they are now, and a sample of the most important ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from prometheus_client.core import Metric as Family

from ....services.metrics import BOUNDS
from ...live.admin.exposition import collector
from ...live.metrics import CONNECTIONS, FIRST_BYTE, MEMORY, RECEIVED, REQUESTS, SENT, STREAMS, TOKENS, parts_of
from ...live.shared import Shared
from .samples import Sample

MOST: Final = 2_000
_BUCKETS: Final = [*(f"{bound * FIRST_BYTE.unit:g}" for bound in BOUNDS), "+Inf"]


def all_metrics(shared: Shared) -> dict[str, Any]:
    return listed(collector(shared).collect())


def listed(families: Iterable[Family]) -> dict[str, Any]:
    found = [each for family in families for each in described(family)]
    return {"metrics": found[:MOST], "more": max(len(found) - MOST, 0)}


def described(family: Family) -> list[dict[str, Any]]:
    """The metrics of a family, one for each set of labels. A histogram is one metric."""
    if family.type != "histogram":
        return [
            {"name": sample.name, "kind": family.type, "labels": dict(sample.labels), "value": sample.value}
            for sample in family.samples
            if not sample.name.endswith("_created")
        ]
    found: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        one = found.setdefault(
            tuple(labels.items()),
            {"name": family.name, "kind": "histogram", "labels": labels, "count": 0, "sum": 0.0, "buckets": []},
        )
        if sample.name.endswith("_bucket"):
            one["buckets"].append([sample.labels["le"], sample.value])
        elif sample.name.endswith("_count"):
            one["count"] = sample.value
        elif sample.name.endswith("_sum"):
            one["sum"] = sample.value
    return [*found.values()]


_SUMS: Final = {RECEIVED: "received_bytes", SENT: "sent_bytes", STREAMS: "streams", CONNECTIONS: "connections",
                MEMORY: "memory_bytes"}  # fmt: skip
_TOKENS: Final = {"input": "input_tokens", "output": "output_tokens"}
_ENDS: Final = {"client": "client_closed", "broken off": "failed"}


def sample(shared: Shared) -> Sample:
    """Sums over routes, upstreams and workers."""
    found: Sample = dict.fromkeys(["requests", "failed", "client_closed", *_SUMS.values(), *_TOKENS.values()], 0)
    buckets, count, total = [0] * len(_BUCKETS), 0, 0
    for metric in shared.gateway.all():
        family, labels = parts_of(metric.name)
        if family is REQUESTS:
            _, _, status, ended = labels
            found["requests"] += metric.value
            name = _ENDS.get(ended) or ("failed" if status.startswith("5") else None)
            if name is not None:
                found[name] += metric.value
        elif family is TOKENS and labels[2] in _TOKENS:
            found[_TOKENS[labels[2]]] += metric.value
        elif (name := _SUMS.get(family)) is not None:
            found[name] += metric.value
        elif family is FIRST_BYTE:
            buckets = [one + other for one, other in zip(buckets, metric.buckets, strict=True)]
            count, total = count + metric.count, total + metric.total
    above = 0
    cumulative = [(bound, above := above + number) for bound, number in zip(_BUCKETS, buckets, strict=True)]
    found["first_byte"] = {"count": count, "sum_seconds": total * FIRST_BYTE.unit, "buckets": cumulative}
    return found
