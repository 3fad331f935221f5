"""The interface of optimisations of compiled code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import LoweringError

T = TypeVar("T")
"""What is optimised: the `Parts` of a module for Envoy, or the bytes of a component."""


@dataclass(frozen=True, slots=True)
class Optimisation(Generic[T]):
    """It changes the speed or the size of a module or component, never its behaviour."""

    name: str
    what: str
    """In a few words, for a table."""
    apply: Callable[[T], T]
    slow: bool = False
    """Takes a minute, not a second."""


def remaining(known: Sequence[Optimisation[T]], without: Collection[str]) -> list[Optimisation[T]]:
    """Those that are not left out, in their order. Raises `LoweringError` for a name that none of them has."""
    names = [each.name for each in known]
    if unknown := sorted(set(without).difference(names)):
        raise LoweringError(f"there is no optimisation {unknown[0]!r} here, only {', '.join(names)}")
    return [each for each in known if each.name not in without]
