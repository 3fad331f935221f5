"""Limits as fields of dataclasses: each field describes what it bounds and what happens when it is reached.

The limits of this host are fields of `limits.Limits`, of its parts, and of `pool.Sharing`; `docs/limits.md` is made of
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

_METADATA: Final = "proxywasm limit"


def limit(default: float | None, unit: str, about: str, beyond: str) -> Any:
    """A field that is a limit.

    Args:
        unit: "bytes", "characters", "ms", "s"; empty for a number of what `about` names.
        about: what it bounds.
        beyond: what happens when it is reached: who notices, and how.
    """
    return field(default=default, metadata={_METADATA: (unit, about, beyond)})


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit with its default. `name` has the parts that lead to it: `kept.callouts`."""

    name: str
    default: float | None
    unit: str
    about: str
    beyond: str


def limits_of(configured: object, prefix: str = "") -> Iterator[Limit]:
    """All limits of a dataclass and of its parts, with the values that they have there."""
    assert is_dataclass(configured)
    for each in fields(configured):
        value = getattr(configured, each.name)
        if is_dataclass(value):
            yield from limits_of(value, f"{prefix}{each.name}.")
        else:
            yield Limit(f"{prefix}{each.name}", value, *each.metadata[_METADATA])


def too_large(what: str, size: int, most: int) -> str:
    return f"a {what} of {size} bytes, more than the {most} that are allowed"


def too_many(what: str, count: int, most: int) -> str:
    return f"{count} {what}, more than the {most} that are allowed"
