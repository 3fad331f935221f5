"""Names that clients choose, as labels of metrics: the number of different ones is bounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proxywasm.metrics import LONGEST_VALUE, OTHER

NONE: Final = "none"
"""The label where there is no name."""


class Names:
    """The names that are labels."""

    __slots__ = ("_fixed", "_known", "_most")

    def __init__(self, fixed: Iterable[str], most: int) -> None:
        """`fixed`: the only names; without any, each that is added is one, up to `most`."""
        self._known: Final = set(fixed)
        self._fixed: Final = bool(self._known)
        self._most: Final = most

    def label(self, name: str, *, add: bool) -> str:
        """`add`: the name is known to be a real one, not only what a client has written."""
        if name in self._known:
            return name
        if not name:
            return NONE
        if not add or self._fixed or len(self._known) >= self._most or len(name) > LONGEST_VALUE:
            return OTHER
        self._known.add(name)
        return name
