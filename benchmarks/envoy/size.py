"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int
    seconds: float
    """Of each turn. Many short ones: the machine's speed changes within seconds."""
    starts: int
    streams: int
    """At the same time."""
    soak: int
    """Requests."""
    soak_warm: int
    """So many of them before memory is looked at."""
    soak_seconds: float
    """Of each turn of the soak."""


FULL = Size(rounds=11, seconds=0.75, starts=5, streams=1000, soak=200_000, soak_warm=20_000, soak_seconds=8.0)
QUICK = Size(rounds=2, seconds=0.25, starts=2, streams=50, soak=2_000, soak_warm=500, soak_seconds=0.5)
"""Shows that everything runs, not what it costs."""
