"""The part of DER (ITU-T X.690) that is needed to read a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30


class Element(NamedTuple):
    tag: int
    value: bytes

    def children(self) -> list[Element]:
        return list(elements(self.value))

    def integer(self) -> int:
        if self.tag != INTEGER or not self.value:
            raise ValueError("not an integer")
        return int.from_bytes(self.value, "big", signed=True)


def elements(data: bytes) -> Iterator[Element]:
    """Raises `ValueError` for data that is not DER."""
    position = 0
    while position < len(data):
        if position + 2 > len(data):
            raise ValueError("cut off")
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            count = length & 0x7F
            if not 0 < count <= 4 or position + count > len(data):
                raise ValueError("bad length")
            length = int.from_bytes(data[position : position + count], "big")
            position += count
        if position + length > len(data):
            raise ValueError("cut off")
        yield Element(tag, data[position : position + length])
        position += length
