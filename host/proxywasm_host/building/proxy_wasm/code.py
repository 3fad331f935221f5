"""Find the instructions of a module's functions, with opcode and extent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .binary import MalformedError, Reader, u32
from .module import CODE, section_reader

IF, BR_IF, GLOBAL_GET, I32_CONST = 0x04, 0x0D, 0x23, 0x41
_BR_TABLE, _SELECT_OF, _PREFIX = 0x0E, 0x1C, 0xFC
_BLOCKS: Final = frozenset({0x02, 0x03, IF})
_ONE_NUMBER: Final = frozenset(
    {*_BLOCKS, 0x0C, BR_IF, 0x10, 0x12, *range(0x20, 0x27), 0x3F, 0x40, 0x41, 0x42, 0xD0, 0xD2}
)
_TWO_NUMBERS: Final = frozenset({0x11, 0x13, *range(0x28, 0x3F)})
_CONSTANT_SIZES: Final = {0x43: 4, 0x44: 8}
_NONE: Final = frozenset({0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, *range(0x45, 0xC5), 0xD1})
_PREFIXED: Final = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1, **dict.fromkeys(range(8), 0)}
"""Numbers behind the instructions for saturating conversions and for blocks of memory and tables."""


def s32(value: int) -> bytes:
    """LEB128 of a number from 0 on, where the format wants a signed one."""
    encoded = u32(value)
    # A last byte with this bit would be read as negative.
    return encoded if encoded[-1] < 0x40 else encoded[:-1] + bytes([encoded[-1] | 0x80, 0])


def bodies(module: bytes | memoryview) -> list[memoryview]:
    """The bodies of the functions that a module defines; each begins with the declaration of its locals."""
    reader = section_reader(module, CODE)
    return reader.vector(lambda: reader.take(reader.u32()))


def instructions(body: memoryview) -> Iterator[tuple[int, int, int]]:
    """Opcode, where the instruction begins, and where it ends.

    Raises `MalformedError` for instructions that compiled Python does not have.
    """
    reader = Reader(body)
    for _ in range(reader.u32()):
        reader.u32()
        reader.byte()
    while not reader.at_end():
        start = reader.position
        opcode = reader.byte()
        if opcode in _ONE_NUMBER:
            reader.u32()
        elif opcode in _TWO_NUMBERS:
            reader.u32()
            reader.u32()
        elif opcode in _CONSTANT_SIZES:
            reader.take(_CONSTANT_SIZES[opcode])
        elif opcode == _BR_TABLE:
            reader.vector(reader.u32)
            reader.u32()
        elif opcode == _SELECT_OF:
            reader.vector(reader.byte)
        elif opcode == _PREFIX and (sub := reader.u32()) in _PREFIXED:
            for _ in range(_PREFIXED[sub]):
                reader.u32()
        elif opcode not in _NONE:
            raise MalformedError(f"an instruction that is not known here ({opcode:#x})")
        yield opcode, start, reader.position
