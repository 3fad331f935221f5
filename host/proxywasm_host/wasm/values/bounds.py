"""How large the strings and lists of a guest may be.

They are measured in the guest's memory: first the size, then the structure. Only values within both bounds are copied.
A value that is too large costs no memory; it raises `Excess`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from ...limit_fields import too_large, too_many


class Excess(Exception):
    """A value of the guest is too large. The message names the value, its size and the limit."""


class Cut(Enum):
    """Which part of a string is removed if it is too long."""

    END = "end"
    MIDDLE = "middle"


@dataclass(frozen=True, slots=True)
class Bound:
    """The bound of one string or list.

    Attributes:
        what: how messages call it.
        most: bytes of a string in UTF-8, items of a list.
        fields: a string of names and values, each of which ends with NUL or the string: so many of both may be in it.
        raw: the value is the UTF-8 in `bytes` instead of a `str`, which may take four times as much.
        cut: a string that is too long is cut instead of being refused, and says so.
    """

    what: str
    most: int
    fields: int | None = None
    raw: bool = False
    cut: Cut | None = None

    def check_size(self, size: int) -> None:
        if size > self.most:
            raise Excess(too_large(self.what, size, self.most))

    def check_items(self, count: int) -> None:
        if count > self.most:
            raise Excess(too_many(self.what, count, self.most))

    def check_fields(self, data: bytes) -> None:
        assert self.fields is not None
        count = (data.count(b"\0") + 1) // 2
        if count > self.fields:
            raise Excess(too_many("header fields", count, self.fields))


Path: TypeAlias = tuple[str, ...]
"""A place in a world: a function, then the names of parameters, fields and cases."""

Bounds: TypeAlias = Callable[[Path], Bound | None]
"""The bound of a place; None: it has no bound."""


def unbounded(_: Path) -> None:
    """The bounds of trusted guests: none."""
