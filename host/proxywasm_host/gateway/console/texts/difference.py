"""Two texts, line by line."""

from __future__ import annotations

import difflib
from typing import NamedTuple


class Difference(NamedTuple):
    diff: str
    """Unified; empty: nothing differs."""
    added: int
    removed: int


def difference(before: str, after: str, name: str) -> Difference:
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    lines = [*difflib.unified_diff(old, new, name, f"{name} (edited)")]
    changed = [line[:1] for line in lines[2:]]
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return Difference(text, changed.count("+"), changed.count("-"))
