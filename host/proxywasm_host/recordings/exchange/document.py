"""JSON that a person wrote, as plain values: bounded in size and structure, and without input that JSON readers
understand differently. `json` reads it; `_first_wrong` finds line and column of an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from ...reading import read_text, shown, wrong_number

_LARGEST: Final = 64 * 2**20
_MOST_ITEMS: Final = 1_000_000
"""Commas and opening brackets, those inside of texts included: what bounds the memory that values take."""
DEEPEST: Final = 64
"""Depth of arrays and objects inside each other."""


class _Unfit(Exception):
    """The document is JSON that we refuse."""


def read_json(path: Path, error: type[Exception]) -> Any:
    """Raises `error`, with `path:line:column: what is wrong, and what to do`."""
    text = read_text(path, error, _LARGEST)
    if text.count(",") + text.count("[") + text.count("{") > _MOST_ITEMS:
        raise error(f"{path}: has more than {_MOST_ITEMS:,} commas and brackets; split it into several files")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant
        )
    except json.JSONDecodeError as wrong:
        raise error(f"{path}:{wrong.lineno}:{wrong.colno}: is not JSON: {wrong.msg}") from None
    except (_Unfit, RecursionError):
        pass
    else:
        if not _too_deep(value) and _half_pair(text) is None:
            return value
    offset, message = _first_wrong(text)
    line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    raise error(f"{path}:{line}:{column}: {message}") from None


# What `json` lets pass.


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Unfit
    return value


def _int(text: str) -> int:
    if wrong_number(text):
        raise _Unfit
    return int(text)


def _float(text: str) -> float:
    if wrong_number(text):
        raise _Unfit
    return float(text)


def _constant(text: str) -> float:
    raise _Unfit(text)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for container in level
            if isinstance(container, dict | list)
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


_HEX: Final = "[0-9a-fA-F]{2}"
_SURROGATES: Final = re.compile(
    # From the beginning of a row of backslashes: two of them stand for one.
    r"(?<!\\)(?:\\\\)*+\\"
    rf"(?:u[dD][89abAB]{_HEX}\\u[dD][c-fC-F]{_HEX}|(?P<half>u[dD][89a-fA-F]{_HEX}))"
)


def _half_pair(text: str) -> int | None:
    """Where an escape stands for half a surrogate pair."""
    return next((match.start("half") - 1 for match in _SURROGATES.finditer(text) if match["half"]), None)


# Where.

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{}\]:,]|[^\s"\[\]{}:,]+', re.S)
_CONSTANTS: Final = {"NaN", "Infinity", "-Infinity"}


def _first_wrong(text: str) -> tuple[int, str]:
    found = [*islice(_wrong_tokens(text), 1)]
    half = _half_pair(text)
    if half is not None:
        message = (
            'half a surrogate pair is no text; write bytes of a body as {"base64": "..."}, and remove it elsewhere'
        )
        found.append((half, message))
    return min(found, default=(0, _DEPTH))


_DEPTH: Final = f"has more than {DEEPEST} arrays and objects inside each other; nest them less"


def _wrong_tokens(text: str) -> Iterator[tuple[int, str]]:
    scopes: list[set[str] | None] = []
    """The keys of each object that is open, None for each array."""
    before = ""
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word in {"{", "["}:
            scopes.append(set() if word == "{" else None)
            if len(scopes) > DEEPEST:
                yield match.start(), _DEPTH
        elif word in {"}", "]"}:
            scopes.pop()
        elif word.startswith('"'):
            keys = scopes[-1] if scopes else None
            if keys is not None and before in {"{", ","}:
                name = json.loads(word)
                if name in keys:
                    yield match.start(), f'the key "{shown(name)}" is here a second time; remove one of them'
                keys.add(name)
        elif message := _wrong_word(word):
            yield match.start(), message
        before = word


def _wrong_word(token: str) -> str | None:
    if token in _CONSTANTS:
        return f"{token} is not JSON; write a number, or null"
    return wrong_number(token) if token[0] in "-0123456789" else None
