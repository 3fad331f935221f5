"""What an optimisation of the lowering is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..parts import Parts


@dataclass(frozen=True, slots=True)
class Optimisation:
    """A module does the same with it and without it, at another speed, or in another size."""

    name: str
    what: str
    """In a few words, for a table."""
    apply: Callable[[Parts], Parts]
    slow: bool = False
    """Takes a minute, not a second."""
