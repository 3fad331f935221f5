"""Measure cases in turns, so that other load of the machine affects all of them alike.

Calls are measured in processor time of their thread, which does not include the time of other processes.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Samples = dict[str, list[float]]
"""By case, the time of one call in each round, in seconds. Round i of one case was next to round i of the others."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        spread: half the distance between the quartiles, as a part of the median; None for a single measurement.
        ratio: value to baseline, where there is one: the median of the ratios of the rounds.
        target: the most that `ratio` may be, or `value` where there is none; None: for information.
        at_least: the target is the least, not the most.
    """

    name: str
    value: float
    unit: str
    spread: float | None = None
    baseline: float | None = None
    ratio: float | None = None
    target: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        if self.target is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.target if self.at_least else measured <= self.target

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "baseline": self.baseline,
            "ratio": self.ratio,
            "target": self.target,
            "at_least": self.at_least,
            "holds": self.holds,
            "spread": self.spread,
        }


def take_turns(
    cases: Mapping[str, Callable[[], object]],
    rounds: int = 25,
    seconds: float = 0.02,
    clock: Callable[[], float] = time.thread_time,
) -> Samples:
    """Call each case in turn, as often in a row as fits into a fraction of a second."""
    counts = {name: _count(call, seconds) for name, call in cases.items()}
    samples: Samples = {name: [] for name in cases}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in cases.items():
                count = counts[name]
                start = clock()
                for _ in range(count):
                    call()
                samples[name].append((clock() - start) / count)
    finally:
        gc.enable()
    return samples


def _count(call: Callable[[], object], seconds: float) -> int:
    call()
    start = time.perf_counter()
    call()
    return max(1, int(seconds / (time.perf_counter() - start)))


UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0}


def row(
    name: str,
    samples: Samples,
    case: str,
    unit: str = "us",
    *,
    baseline: str | None = None,
    target: float | None = None,
) -> Row:
    scale = UNITS[unit]
    values = samples[case]
    median = statistics.median(values)
    quarters = statistics.quantiles(values, n=4) if len(values) > 1 else [median] * 3
    base = ratio = None
    if baseline is not None:
        base = statistics.median(samples[baseline]) * scale
        ratio = statistics.median([one / other for one, other in zip(values, samples[baseline], strict=True)])
    return Row(name, median * scale, unit, (quarters[2] - quarters[0]) / 2 / median, base, ratio, target)


def resident() -> int | None:
    """Bytes of memory that this process uses; None where there is no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * 4096


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| what | median | spread | baseline | ratio | target | holds |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for each in rows:
        limit = (
            ""
            if each.target is None
            else f"{each.target:g}x"
            if each.ratio is not None
            else _amount(each.target, each.unit)
        )
        cells = [
            each.name,
            _amount(each.value, each.unit),
            "" if each.spread is None else f"{each.spread:.0%}",
            "" if each.baseline is None else _amount(each.baseline, each.unit),
            "" if each.ratio is None else f"{each.ratio:.2f}x",
            limit,
            {True: "yes", False: "**no**", None: ""}[each.holds],
        ]
        if limit and each.at_least:
            cells[5] = f"at least {limit}"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _amount(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
