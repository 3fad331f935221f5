"""Reads JSON strictly, and writes it as compact UTF-8."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json import decoder, encoder
from json.scanner import make_scanner
from typing import Any, Final, NoReturn, TypeAlias

from proxywasm import JsonBounds

from . import limits

Json: TypeAlias = dict[str, Any]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)
_scan = make_scanner(_decoder)  # type: ignore[arg-type]  # it takes what the decoder is set to; the stub is wrong
# `json.JSONEncoder` would make a new encoder for each document. This one refuses infinite numbers: Python reads `1e999`
# as infinity and would write `Infinity`, which is not JSON. Checking numbers while reading would cost more.
_encode = encoder.c_make_encoder(  # type: ignore[attr-defined]  # the stub lacks it
    None, json.JSONEncoder().default, encoder.encode_basestring, None, ":", ",", False, False, False
)


class NumberError(ValueError):
    """A document has a number beyond the range of floats, which cannot be written."""

    def __init__(self) -> None:
        super().__init__("a number is out of range")


_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark. JSON has none, but some programs write one."""

_WHITE: Final = " \t\n\r"

_SURROGATE = re.compile("[\ud800-\udfff]")

BOUNDS: Final = JsonBounds(values=limits.JSON_VALUES, depth=limits.JSON_DEPTH, digits=limits.JSON_DIGITS)
"""For every document that is parsed: bodies of clients, answers, single events, JSON in a string."""

# Attributes of a named tuple, and properties, are slower than globals.
_DEPTH, _HARMLESS = BOUNDS.depth, BOUNDS.harmless


def loads(data: bytes | str) -> Any:
    """Parse JSON in UTF-8. Raises `ValueError` for anything else, `JsonTooComplexError` beyond `BOUNDS`."""
    size = len(data)
    # Most documents have fewer bytes or brackets than the bounds. Large ones are checked before they are decoded.
    if size > _HARMLESS:
        BOUNDS.check(data.encode(errors="replace") if isinstance(data, str) else data)
    if isinstance(data, str):
        text = data
    elif data.startswith(_MARK):
        text = data.decode("utf-8-sig")
    else:
        text = data.decode()  # Faster than "utf-8-sig", which is written in Python.
    size = len(text)
    if _DEPTH < size <= _HARMLESS and text.count("[") + text.count("{") > _DEPTH:
        BOUNDS.check(text.encode(errors="replace"))
    try:
        value, end = _scan(text, 0)
    except StopIteration as stopped:
        value, end = _scan_after_white_space(text, stopped.value)
    if end != size and text[end:].strip(_WHITE):
        raise ValueError(f"Extra data: char {end}")
    return value


def check_together(texts: list[str]) -> None:
    """Raises `JsonTooComplexError` if these texts together are more complex than one document may be."""
    if sum(map(len, texts)) > _HARMLESS:
        BOUNDS.check(*(text.encode(errors="replace") for text in texts))


def _scan_after_white_space(text: str, stopped: int) -> tuple[Any, int]:
    """Parse a document that begins with white space, which is rare."""
    start = len(text) - len(text.lstrip(_WHITE)) if stopped == 0 else 0
    if start:
        try:
            value, end = _scan(text, start)
        except StopIteration as again:
            stopped = again.value
        else:
            return value, end
    raise ValueError(f"Expecting value: char {stopped}")


scan_string: Final[Callable[[str, int, bool], tuple[str, int]]] = decoder.scanstring  # type: ignore[attr-defined]
"""The text of a JSON string, from behind its first quotation mark, and where it ends. The last argument: strictly."""

quote: Final[Callable[[str], str]] = encoder.encode_basestring
"""A text as a JSON string with quotation marks: `dumps` for texts, in one call into C."""


def dumps(value: Any) -> str:
    """Compact JSON text. It has lone surrogates if the document has them; `to_bytes` escapes these.

    Raises `NumberError`.
    """
    try:
        return "".join(_encode(value, 0))
    except ValueError:
        raise NumberError from None


def to_bytes(text: str) -> bytes:
    """JSON text as UTF-8. Lone surrogates, which UTF-8 cannot encode, become JSON escapes."""
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
    try:
        return text.encode()
    except UnicodeEncodeError:
        return to_bytes(text)


_LARGE: Final = 1024 * 1024


def dump_converted(value: Any, source: bytes) -> bytes:
    """`dump_bytes` for a converted body; large bodies take less memory.

    A text with one emoji takes four bytes for each character, and the standard encoder holds the text of the document
    two or three times. So strings of large bodies with non-ASCII characters are encoded one by one.
    """
    if len(source) < _LARGE or (source.isascii() and b"\\u" not in source):
        return dump_bytes(value)
    pieces: list[bytes] = []
    _dump(value, pieces)
    return b"".join(pieces)


def _dump_text(text: str, pieces: list[bytes]) -> None:
    if len(text) <= _LARGE:
        pieces.append(to_bytes(quote(text)))
        return
    pieces.append(b'"')
    for start in range(0, len(text), _LARGE):
        pieces.append(to_bytes(quote(text[start : start + _LARGE]))[1:-1])
    pieces.append(b'"')


def _dump(value: Any, pieces: list[bytes]) -> None:
    kind = type(value)
    if kind is str:
        _dump_text(value, pieces)
    elif kind is dict:
        start = b"{"
        for name, inner in value.items():
            pieces += (start, to_bytes(quote(name)), b":")
            _dump(inner, pieces)
            start = b","
        pieces.append(b"}" if value else b"{}")
    elif kind is list:
        start = b"["
        for inner in value:
            pieces.append(start)
            _dump(inner, pieces)
            start = b","
        pieces.append(b"]" if value else b"[]")
    else:
        pieces.append(dump_bytes(value))
