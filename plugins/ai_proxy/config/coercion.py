"""What the original reads in values of another type, so that its configurations start here.

The original reads JSON with gjson, which converts values instead of refusing them. Source: github.com/tidwall/gjson,
`Result.String`, `Result.Bool`, `Result.Int` and `Result.Array`.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final
from urllib.parse import urlsplit

from proxywasm.config import Key, Kind

from ..wire.json import dumps
from .settings.texts import HOST, TOKEN, url

_TRUE: Final = frozenset({"1", "t", "true"})


def coerced(entry: Key, raw: Any) -> Any:
    """The value that the original reads; the same value if it reads none.

    Raises a `ValueError` for an address that is none: if it were ignored, requests would carry the credential to
    another service.
    """
    if entry.convert is url:
        raise ValueError
    match entry.kind:
        case Kind.STRING:
            return _string(entry, raw)
        case Kind.DOCUMENT:
            return text(raw)
        case Kind.BOOLEAN:
            return _boolean(raw)
        case Kind.INTEGER:
            return _integer(raw)
        case Kind.STRINGS:
            return [_string(entry, item) for item in _array(raw)]
        case Kind.OBJECTS:
            return _array(raw)
        case Kind.STRING_MAP if isinstance(raw, dict):
            return {name: _string(entry, value) for name, value in raw.items()}
        case Kind.BOOLEAN_MAP if isinstance(raw, dict):
            return {name: _boolean(value) for name, value in raw.items()}
        case _:
            return raw


def _array(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else [] if raw is None else [raw]


def text(raw: Any) -> str:
    """A value as text: null is empty, other values are their JSON."""
    if isinstance(raw, str):
        return raw
    try:
        return "" if raw is None else dumps(raw)
    except ValueError:  # A number out of range.
        return ""


def _string(entry: Key, raw: Any) -> str:
    value = text(raw)
    if entry.patterns is HOST:
        return _host(value)
    if entry.patterns is TOKEN:
        # The original sends such a token, and the gateway refuses the request.
        return re.sub(r"[\x00-\x1f\x7f]", "", value)
    return value


def _host(value: str) -> str:
    """The host of an address. The original would send all of it as the host."""
    address = value.strip()
    host = urlsplit(address if "://" in address else f"//{address}").netloc.rpartition("@")[2]
    if value and (not host or re.search(HOST[0].expression, host)):
        raise ValueError
    return host


def _boolean(raw: Any) -> bool:
    if isinstance(raw, str):
        return raw.lower() in _TRUE
    return isinstance(raw, (bool, int, float)) and bool(raw)


def _integer(raw: Any) -> Any:
    """Fractions are cut off. Text that is no number is 0 in the original, which is the default."""
    if isinstance(raw, str) and re.fullmatch("-?[0-9]{1,18}", raw):
        return int(raw)
    if isinstance(raw, (bool, int, float)) and math.isfinite(raw):
        return int(raw)
    return raw
