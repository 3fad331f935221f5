"""As much of the WebAssembly binary format as linking needs: numbers, names, sections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

CORE_HEADER = b"\0asm\x01\0\0\0"
COMPONENT_HEADER = b"\0asm\x0d\0\x01\0"


class MalformedError(ValueError):
    """The bytes are not the expected WebAssembly."""


class Reader:
    """A cursor over bytes. It copies only what is read as bytes."""

    def __init__(self, data: bytes | memoryview, position: int = 0) -> None:
        self.data = memoryview(data)
        self.position = position

    def at_end(self) -> bool:
        return self.position >= len(self.data)

    def byte(self) -> int:
        if self.at_end():
            raise MalformedError("the module ends in the middle of an item")
        value = self.data[self.position]
        self.position += 1
        return value

    def u32(self) -> int:
        """LEB128, also used to step over signed numbers: their length is the same."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        """LEB128 of a number that may be negative."""
        start = self.position
        value = self.u32()
        bits = 7 * (self.position - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def take(self, size: int) -> memoryview:
        end = self.position + size
        if end > len(self.data):
            raise MalformedError("the module ends in the middle of an item")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def name(self) -> str:
        return str(self.take(self.u32()), "utf-8")

    def vector(self, item: Callable[[], T]) -> list[T]:
        return [item() for _ in range(self.u32())]


def sections(data: bytes | memoryview, header: bytes) -> Iterator[tuple[int, memoryview]]:
    reader = Reader(data)
    if reader.take(min(len(header), len(data))) != header:
        raise MalformedError("this is not " + ("a component" if header == COMPONENT_HEADER else "a core module"))
    while not reader.at_end():
        number = reader.byte()
        yield number, reader.take(reader.u32())


def u32(value: int) -> bytes:
    encoded = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if not value:
            encoded.append(byte)
            return bytes(encoded)
        encoded.append(byte | 0x80)


def name(text: str) -> bytes:
    encoded = text.encode()
    return u32(len(encoded)) + encoded


def section(number: int, *parts: bytes | memoryview) -> bytes:
    return b"".join([bytes([number]), u32(sum(map(len, parts))), *parts])


def vector(items: Iterable[bytes]) -> bytes:
    listed = list(items)
    return u32(len(listed)) + b"".join(listed)
