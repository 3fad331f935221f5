"""JSON as it goes over the wire: strict in, compact UTF-8 out."""

from __future__ import annotations

import json
import re
from json.scanner import make_scanner
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = dict[str, Any]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)
_scan = make_scanner(_decoder)  # type: ignore[arg-type]  # it takes what the decoder is set to; the stub is wrong
dumps = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
"""Compact JSON text. May hold lone surrogates if the document did; `to_bytes` deals with them."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(data: bytes | str) -> Any:
    """Raises `ValueError` for everything that is not JSON in UTF-8, also for nesting beyond any reason."""
    text = data if isinstance(data, str) else data.decode("utf-8-sig")
    try:
        # A document without white space around it, as nearly all are, needs no more than this.
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except StopIteration:
        pass
    except RecursionError:
        raise ValueError("nested too deeply") from None
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def to_bytes(text: str) -> bytes:
    """JSON text as UTF-8. A lone surrogate, which a JSON escape can name but UTF-8 cannot, goes back to its escape."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def dump_bytes(value: Any) -> bytes:
    return to_bytes(dumps(value))


def type_name(value: Any) -> str:
    """What people call a JSON value's type.

    >>> type_name(3.5), type_name(None), type_name([])
    ('number', 'null', 'array')
    """
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), type(value).__name__)
