"""Reads values of unchecked documents: values of another type count as missing."""

from __future__ import annotations

from typing import Any, Final

from .json import Json, dumps

_EXACT: Final = 1 << 53
"""Beyond it floats are no longer exact."""


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Json]:
    """The objects in a list; other items are ignored."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(value: Any) -> int:
    """A number of tokens; 0 if there is none. Floats are accepted: in some languages all numbers are floats."""
    if type(value) is int:  # As mostly, without another call.
        return value if 0 < value < _EXACT else 0
    return int(value) if is_number(value) and value > 0 else 0


def is_number(value: Any) -> bool:
    """Whether a value is a number with exact arithmetic: larger floats are not exact, and may overflow."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _EXACT


_MANY: Final = 15
"""The most digits of integers that every JSON parser, and every float, represents exactly."""


def digits(value: Any) -> int:
    """The number in a text of decimal digits; 0 for any other text. A longer number is 10**15."""
    if not isinstance(value, str) or not (value.isascii() and value.isdecimal()):
        return 0
    return int(value) if len(value) <= _MANY else 10**_MANY


def header(value: Any, longest: int = 1024) -> str:
    """A text if it is valid in a header, otherwise an empty one. Ids of conversations and credentials are ASCII."""
    found = text(value)
    return found if len(found) <= longest and found.isascii() and found.isprintable() else ""


def json_text(value: Any) -> str:
    """A document as JSON text, for protocols with JSON in strings. A text is returned unchanged."""
    return value if isinstance(value, str) else dumps(value)
