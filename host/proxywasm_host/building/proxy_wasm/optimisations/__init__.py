"""Optimisations of a module. Each is one function and can be left out by its name.

`python -m benchmarks.lowering` measures what each one gains; docs/performance.md has the results.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ..parts import Parts
from .binaryen import OPTIMISER, SMALL_OFFSETS
from .branch_hints import BRANCH_HINTS
from .interface import Optimisation, remaining
from .trimming import NO_COMPILER, UNLOADED_MODULES

__all__ = ["OPTIMISATIONS", "SLOW", "Optimisation", "optimise", "remaining"]

OPTIMISATIONS: Final[tuple[Optimisation[Parts], ...]] = (
    BRANCH_HINTS,
    UNLOADED_MODULES,
    NO_COMPILER,
    OPTIMISER,
    SMALL_OFFSETS,
)
"""In the order in which they are applied."""

SLOW: Final = frozenset(each.name for each in OPTIMISATIONS if each.slow)
"""Without these a module is built in seconds. Tests leave them out."""


def optimise(parts: Parts, without: Collection[str]) -> Parts:
    """Raises `LoweringError` for a name that no optimisation has."""
    for each in remaining(OPTIMISATIONS, without):
        parts = each.apply(parts)
    return parts
