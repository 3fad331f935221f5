"""Optimisations by Binaryen's `wasm-opt` on the linked code."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..parts import Parts
from .interface import Optimisation


def _optimise(parts: Parts) -> Parts:
    """-O3 takes longer than -O1, but it inlines functions that V8 does not inline, and the code is smaller."""
    return replace(parts, passes=(*parts.passes, "-O3"))


def _fold_offsets(parts: Parts) -> Parts:
    """The address of an attribute, a pointer and a small number, need not be added up: the instruction that loads it
    can have the number. V8 cannot know that no pointer to an object wraps around; memory begins with the end of the
    stack."""
    return replace(parts, passes=("--low-memory-unused", *parts.passes, "--optimize-added-constants"))


OPTIMISER: Final = Optimisation("optimiser", "Binaryen's -O3, which inlines small functions", _optimise, slow=True)
SMALL_OFFSETS: Final = Optimisation("small-offsets", "addresses of attributes are not added up first", _fold_offsets)
