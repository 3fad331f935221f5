"""JSON as it goes over the wire: strict in, compact UTF-8 out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json import encoder
from json.scanner import make_scanner
from typing import Any, Final, NoReturn, TypeAlias

Json: TypeAlias = dict[str, Any]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)
_scan = make_scanner(_decoder)  # type: ignore[arg-type]  # it takes what the decoder is set to; the stub is wrong
# As `json.JSONEncoder` has it, which makes a new one for each document. It refuses infinite numbers: Python reads
# `1e999` as one, and would write `Infinity`, which is no JSON. To look for them while reading would cost more.
_encode = encoder.c_make_encoder(  # type: ignore[attr-defined]  # the stub lacks it
    None, json.JSONEncoder().default, encoder.encode_basestring, None, ":", ",", False, False, False
)


class NumberError(ValueError):
    """A document has a number that cannot be written: it is beyond all numbers that a float can be."""

    def __init__(self) -> None:
        super().__init__("a number is out of range")


_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark, which JSON does not have and some write."""

_SURROGATE = re.compile("[\ud800-\udfff]")

DEPTH: Final = 256
"""How deep objects and arrays may be nested.

A schema in a schema takes ten. What is nested thousandfold costs a Wasm instance its life: there the stack is over
before Python notices that its recursion goes too deep.
"""

_NOT_BRACKETS: Final = bytes({*range(256)} - {*b"[]{}"})
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_OPENING: Final = ord("[")
_PASSES: Final = 12
"""As deep as real documents go, and more."""


def _is_too_deep(data: bytes) -> bool:
    """Whether a document goes deeper than `DEPTH`, found out without recursion.

    Nothing is kept but the brackets outside of strings; each pass drops the innermost pairs, and with them one level at
    most.
    """
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(data.split(b'"')[::2]).translate(_SQUARE, _NOT_BRACKETS)
    for passes in range(_PASSES):
        if brackets.count(b"[") + passes <= DEPTH:
            return False
        brackets = brackets.replace(b"[]", b"")
    depth = _PASSES
    for bracket in brackets:
        depth += 1 if bracket == _OPENING else -1
        if depth > DEPTH:
            return True
    return False


def loads(data: bytes | str) -> Any:
    """Raises `ValueError` for everything that is not JSON in UTF-8, also for nesting beyond any reason."""
    if isinstance(data, str):
        text = data
    elif data.startswith(_MARK):
        text = data.decode("utf-8-sig")
    else:
        text = data.decode()  # The other codec is Python code, and this one is not.
    # Most documents do not even have that many characters or brackets.
    brackets = text.count("[") + text.count("{") if len(text) > DEPTH else 0
    if brackets > DEPTH and _is_too_deep(text.encode(errors="replace")):
        raise ValueError(f"nested more than {DEPTH} deep")
    try:
        # A document without white space around it, as nearly all are, needs no more than this.
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except StopIteration:
        pass
    return _decoder.decode(text)


quote: Final[Callable[[str], str]] = encoder.encode_basestring
"""A text as JSON, quotation marks included. What `dumps` does with texts, in one call into C."""


def dumps(value: Any) -> str:
    """Compact JSON text. May hold lone surrogates if the document did; `to_bytes` deals with them.

    Raises `NumberError`: whose document it is, decides what becomes of that.
    """
    try:
        return "".join(_encode(value, 0))
    except ValueError:
        raise NumberError from None


def to_bytes(text: str) -> bytes:
    """JSON text as UTF-8. A lone surrogate, which a JSON escape can name but UTF-8 cannot, goes back to its escape."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def dump_bytes(value: Any) -> bytes:
    """JSON as UTF-8. Raises `NumberError`, as `dumps` does."""
    try:
        text = "".join(_encode(value, 0))
    except ValueError:
        raise NumberError from None
    return to_bytes(text)


def type_name(value: Any) -> str:
    """What people call a JSON value's type.

    >>> type_name(3.5), type_name(None), type_name([])
    ('number', 'null', 'array')
    """
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), type(value).__name__)
