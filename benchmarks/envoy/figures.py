"""From what rounds measured to rows of the table."""

from __future__ import annotations

import statistics
from collections import defaultdict

from proxywasm_host.bench.measure import Row


class Figures(defaultdict[str, list[float]]):
    """By listener, one figure for each round."""

    def __init__(self) -> None:
        super().__init__(list)


def rate(
    name: str, figures: Figures, ours: str, unit: str, baseline: str | None = None, at_least: float | None = None
) -> Row:
    """Per second of Envoy's processor."""
    value, spread = _middle(figures[ours])
    if baseline is None:
        return Row(name, value, unit, spread)
    base, _ = _middle(figures[baseline])
    ratio = statistics.median(one / other for one, other in zip(figures[ours], figures[baseline], strict=True))
    return Row(name, value, unit, spread, base, ratio, at_least, at_least=True)


def added(name: str, latencies: Figures, ours: str, baseline: str, plain: str) -> Row:
    """With one connection, what a request takes longer than without a plugin. Latencies are in seconds."""
    value, spread = _middle(_less(latencies[ours], latencies[plain]))
    base, _ = _middle(_less(latencies[baseline], latencies[plain]))
    return Row(name, value * 1e6, "us", spread, base * 1e6, value / base)


def duration(name: str, figures: Figures, ours: str, baseline: str, at_most: float) -> Row:
    """How long something takes."""
    value, spread = _middle(figures[ours])
    base, _ = _middle(figures[baseline])
    return Row(name, value, "s", spread, base, target=at_most)


def difference(name: str, seconds: Figures, one: str, other: str | None) -> Row:
    """What one takes longer than another, or takes at all."""
    value, spread = _middle(_less(seconds[one], seconds[other]) if other else seconds[one])
    return Row(name, value * 1e6, "us", spread)


def _less(ones: list[float], others: list[float]) -> list[float]:
    return [one - other for one, other in zip(ones, others, strict=True)]


def _middle(values: list[float]) -> tuple[float, float]:
    """The median, and half the distance between the quartiles as a part of it."""
    quarters = statistics.quantiles(values, n=4)
    median = statistics.median(values)
    return median, (quarters[2] - quarters[0]) / 2 / median
