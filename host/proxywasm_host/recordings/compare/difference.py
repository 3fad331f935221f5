"""One difference between a result and the expected one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()
"""Marks a missing value, because null is a value."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` leads into the result; `expected` or `got` is `MISSING` where one side has nothing."""

    path: str
    expected: object
    got: object

    def __str__(self) -> str:
        return f"{self.path}\n  expected {show(self.expected)}\n  got      {show(self.got)}"


def show(value: object) -> str:
    """One side of a difference, for people."""
    if isinstance(value, bytes):
        return repr(value)
    if value is MISSING:
        return "nothing"
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) or "\n" not in value else value
