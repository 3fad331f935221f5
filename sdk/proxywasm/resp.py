"""The Redis protocol, version 2 (RESP): bytes in, values out, whatever the chunking.

A value is `bytes` (simple and bulk strings: clients see no difference), `int`, `None`, `RedisError`, or a list of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, Union

from . import checks
from .errors import RedisError
from .text import encode

RespValue: TypeAlias = Union[bytes, int, RedisError, "list[RespValue]", None]

Argument: TypeAlias = bytes | str | int | float
"""The type of a command's arguments."""

MAX_VALUE = 512 * 1024 * 1024
"""The longest string that Redis stores (its documentation of `proto-max-bulk-len`)."""


class RespError(ValueError):
    """The bytes are not RESP."""


def encode_command(arguments: Iterable[Argument]) -> bytes:
    r"""A command as Redis expects it: a list of bulk strings.

    >>> encode_command(["GET", "key"])
    b'*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n'
    """
    return encode_value([_argument(argument) for argument in arguments])


def _argument(argument: Argument) -> bytes:
    if isinstance(argument, bytes):
        return checks.data(argument, "an argument")
    if isinstance(argument, bool) or not isinstance(argument, (str, int, float)):
        raise TypeError(f"an argument of a Redis command is bytes, str, int or float, got {argument!r}")
    return encode(str(argument))


def encode_value(value: RespValue) -> bytes:
    """A value, encoded as in an answer of Redis."""
    match value:
        case None:
            return b"$-1\r\n"
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(value), value)
        case int():
            return b":%d\r\n" % value
        case RedisError():
            return b"-%b\r\n" % encode(" ".join(str(value).splitlines()))
        case list():
            return b"*%d\r\n%b" % (len(value), b"".join([encode_value(item) for item in value]))
    raise TypeError(f"{value!r} is not a RESP value")


class RespDecoder:
    """Decodes bytes that arrive in any chunks: `feed` takes them, `close` raises if the last value is incomplete."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._bulk = -1  # length of the bulk string that is being read, -1: a line is being read
        self._open: list[tuple[int, list[RespValue]]] = []  # lists being read, with their full lengths

    def feed(self, data: bytes) -> list[RespValue]:
        """Values completed by these bytes. Raises `RespError`; after that the decoder is of no use."""
        buffer = self._buffer
        searched = max(len(buffer) - 1, 0)
        buffer += data
        values: list[RespValue] = []
        start = 0
        while True:
            if self._bulk >= 0:
                end = start + self._bulk
                if len(buffer) < end + 2:
                    break
                if buffer[end : end + 2] != b"\r\n":
                    raise RespError(f"a string of {self._bulk} bytes does not end where it should")
                item: RespValue = bytes(buffer[start:end])
                self._bulk = -1
                start = end + 2
            else:
                end = buffer.find(b"\r\n", max(start, searched))
                if end < 0:
                    break
                line = bytes(buffer[start:end])
                start = end + 2
                if self._opens(line):
                    continue
                item = self._scalar(line)
            self._add(item, values)
        del buffer[:start]
        return values

    def close(self) -> None:
        """The end of the bytes. Raises `RespError` if a value is cut off."""
        if self._buffer or self._open or self._bulk >= 0:
            raise RespError("the end of a value is missing")

    def _opens(self, line: bytes) -> bool:
        """Whether the line only begins a string or a list, whose content follows."""
        kind, size = line[:1], line[1:]
        if kind == b"$" and size != b"-1":
            self._bulk = _number(size, MAX_VALUE)
            return True
        if kind == b"*" and size not in (b"-1", b"0"):
            self._open.append((_number(size, MAX_VALUE), []))
            return True
        return False

    def _scalar(self, line: bytes) -> RespValue:
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return RedisError(rest.decode(errors="replace"))
        if kind == b":":
            return _integer(rest)
        if line in (b"$-1", b"*-1"):
            return None
        if line == b"*0":
            return []
        raise RespError(f"{line[:40]!r} is not RESP")

    def _add(self, item: RespValue, values: list[RespValue]) -> None:
        while self._open:
            size, items = self._open[-1]
            items.append(item)
            if len(items) < size:
                return
            self._open.pop()
            item = items
        values.append(item)


def _integer(text: bytes) -> int:
    digits = text[1:] if text[:1] in (b"-", b"+") else text
    if not digits.isdigit() or len(digits) > 20:
        raise RespError(f"{text[:40]!r} is not a number")
    return int(text)


def _number(text: bytes, limit: int) -> int:
    number = _integer(text)
    if not 0 <= number <= limit:
        raise RespError(f"{number} is not a size")
    return number


def decode(data: bytes) -> RespValue:
    """Decode exactly one value. Raises `RespError`."""
    decoder = RespDecoder()
    values = decoder.feed(data)
    decoder.close()
    if len(values) != 1:
        raise RespError(f"expected one value, got {len(values)}")
    return values[0]
