"""JSON that people can read and compare: a value that fits on one line is on one line."""

from __future__ import annotations

import json
from typing import Any, Final

_WIDTH: Final = 120


def pretty(value: Any) -> str:
    return _lines(value, 0, 0) + "\n"


def _lines(value: Any, indent: int, used: int) -> str:
    """`used`: characters that the line has before and after the value."""
    flat = json.dumps(value, ensure_ascii=False)
    if indent + used + len(flat) <= _WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        names = [json.dumps(name, ensure_ascii=False) + ": " for name in value]
        items = [
            name + _lines(item, indent + 1, len(name) + 1) for name, item in zip(names, value.values(), strict=True)
        ]
        brackets = "{}"
    else:
        items = [_lines(item, indent + 1, 1) for item in value]
        brackets = "[]"
    body = _filled(items, inner) if all(len(item) < _SHORT and "\n" not in item for item in items) else items
    return brackets[0] + "\n" + inner + f",\n{inner}".join(body) + "\n" + " " * indent + brackets[1]


_SHORT: Final = 60
"""If all items are shorter than this, several are on one line."""


def _filled(items: list[str], inner: str) -> list[str]:
    lines: list[str] = []
    for item in items:
        if lines and len(inner) + len(lines[-1]) + len(item) + 3 <= _WIDTH:
            lines[-1] += f", {item}"
        else:
            lines.append(item)
    return lines
