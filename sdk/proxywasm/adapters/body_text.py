"""Bodies as the strings in which they cross from a component to its host."""

from __future__ import annotations

from typing import Final

from ..wire import LimitError

LARGE: Final = 1024 * 1024
"""Bytes from which it matters how much memory a body takes."""
_MOST: Final = 127 * 1024 * 1024
"""Most bytes of a body in UTF-8. Wasmtime ends an instance that answers with 128 MiB."""
_NO_ASCII: Final = bytes(range(0x80, 0x100))
_FOUR_BYTES: Final = tuple(bytes([first]) for first in range(0xF0, 0xF5))
"""First bytes of characters with four bytes in UTF-8, such as emojis. With one of them, Python stores every character
of a text in four bytes."""


def as_text(data: bytes) -> tuple[str, bool]:
    """The string for a body, and whether it has one character for each byte: for bodies that are not UTF-8, or would
    take much memory as text. Raises `LimitError` for bodies that are too large to cross."""
    if len(data) < LARGE or not _takes_less_as_bytes(data):
        try:
            text = data.decode()
        except UnicodeDecodeError:
            pass
        else:
            _check_crosses(len(data))
            return text, False
    if len(data) > _MOST // 2:
        _check_crosses(2 * len(data) - len(data.translate(None, _NO_ASCII)))
    return data.decode("latin-1"), True


def _check_crosses(size: int) -> None:
    if size > _MOST:
        raise LimitError(f"a body of {size} bytes, as they cross to the host, is more than {_MOST}")


def _takes_less_as_bytes(data: bytes) -> bool:
    """Whether one character per byte takes less memory. Bytes that are not ASCII take two on the way."""
    return any(first in data for first in _FOUR_BYTES) and 2 * len(data.translate(None, _NO_ASCII)) > len(data)
