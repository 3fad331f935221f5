"""JSON as it goes over the wire: strict in, compact UTF-8 out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json import encoder
from json.scanner import make_scanner
from typing import Any, Final, NoReturn, TypeAlias

from proxywasm import JsonBounds

from . import limits

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

_WHITE: Final = " \t\n\r"

_SURROGATE = re.compile("[\ud800-\udfff]")

BOUNDS: Final = JsonBounds(values=limits.JSON_VALUES, depth=limits.JSON_DEPTH, digits=limits.JSON_DIGITS)
"""Of every document that is parsed: bodies of clients, answers, single events, JSON in a string."""

# Attributes of a tuple with names, and a property, are no cheap attributes.
_DEPTH, _HARMLESS = BOUNDS.depth, BOUNDS.harmless


def loads(data: bytes | str) -> Any:
    """Raises `ValueError` for everything that is not JSON in UTF-8, `JsonTooComplexError` for more than `BOUNDS`."""
    size = len(data)
    # Most documents do not even have that many bytes or brackets. Large ones are looked at before they become text.
    if size > _HARMLESS:
        BOUNDS.check(data.encode(errors="replace") if isinstance(data, str) else data)
    if isinstance(data, str):
        text = data
    elif data.startswith(_MARK):
        text = data.decode("utf-8-sig")
    else:
        text = data.decode()  # The other codec is Python code, and this one is not.
    size = len(text)
    if _DEPTH < size <= _HARMLESS and text.count("[") + text.count("{") > _DEPTH:
        BOUNDS.check(text.encode(errors="replace"))
    try:
        value, end = _scan(text, 0)
    except StopIteration as stopped:
        value, end = _scan_later(text, stopped.value)
    if end != size and text[end:].strip(_WHITE):
        raise ValueError(f"Extra data: char {end}")
    return value


def check_together(texts: list[str]) -> None:
    """Raises `JsonTooComplexError` if these texts, which are to be parsed one by one, hold more than one may."""
    if sum(map(len, texts)) > _HARMLESS:
        BOUNDS.check(*(text.encode(errors="replace") for text in texts))


def _scan_later(text: str, stopped: int) -> tuple[Any, int]:
    """White space may stand before a document; hardly any has some."""
    start = len(text) - len(text.lstrip(_WHITE)) if stopped == 0 else 0
    if start:
        try:
            value, end = _scan(text, start)
        except StopIteration as again:
            stopped = again.value
        else:
            return value, end
    raise ValueError(f"Expecting value: char {stopped}")


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


_LARGE: Final = 1024 * 1024


def dump_converted(value: Any, source: bytes) -> bytes:
    """`dump_bytes` for what a body has become, in little memory where that counts.

    One emoji makes each character of a text take four bytes, and the standard encoder makes one text of the document,
    which it has two or three times at once. Where a body is large and not ASCII, each string becomes bytes by itself.
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
