"""What a plugin has changed in the headers of a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from proxywasm.wire import Fields

Change: TypeAlias = tuple[Literal["+", "-", "~"], str, Sequence[str]]
"""A header that was added, removed or changed, with its values: for a changed one before and after."""


def changes(before: Fields, after: Fields) -> tuple[list[Change], int]:
    """The changes, without pseudo-headers, and how many headers have stayed as they were."""
    old, new = _by_name(before), _by_name(after)
    found: list[Change] = []
    same = 0
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name), new.get(name)
        if was == now:
            same += 1
        elif now is None:
            found.append(("-", name, was or ()))
        elif was is None:
            found.append(("+", name, now))
        else:
            found.append(("~", name, [", ".join(was), ", ".join(now)]))
    return found, same


def _by_name(fields: Fields) -> Mapping[str, list[str]]:
    result: dict[str, list[str]] = {}
    for name, value in fields:
        if not name.startswith(":"):
            result.setdefault(name, []).append(value)
    return result
