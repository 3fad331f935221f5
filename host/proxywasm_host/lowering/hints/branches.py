"""Find the branches in the code of a module, count how they go, and write that down as hints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from wasmtime import wat2wasm

from ..binary import MalformedError, Reader, s32, u32, vector
from ..module import CODE, FUNCTIONS, Signature, imports, replace_sections, section_reader, types

_IF, _BR_IF, _BR_TABLE, _SELECT_OF, _PREFIX = 0x04, 0x0D, 0x0E, 0x1C, 0xFC
_BLOCKS: Final = frozenset({0x02, 0x03, _IF})
_ONE_NUMBER: Final = frozenset(
    {*_BLOCKS, 0x0C, _BR_IF, 0x10, 0x12, *range(0x20, 0x27), 0x3F, 0x40, 0x41, 0x42, 0xD0, 0xD2}
)
_TWO_NUMBERS: Final = frozenset({0x11, 0x13, *range(0x28, 0x3F)})
_CONSTANT_SIZES: Final = {0x43: 4, 0x44: 8}
_NONE: Final = frozenset({0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, *range(0x45, 0xC5), 0xD1})
_PREFIXED: Final = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1, **dict.fromkeys(range(8), 0)}
"""Numbers behind the instructions for saturating conversions and for blocks of memory and tables."""


@dataclass(frozen=True, slots=True, order=True)
class Branch:
    function: int
    """Among those that the module defines."""
    offset: int
    """Of the instruction, from the start of the function's body, where its locals are declared."""


def branches(module: bytes | memoryview) -> list[Branch]:
    """Every `if` and `br_if`. Raises `MalformedError` for instructions that compiled Python does not have."""
    return [Branch(index, offset) for index, body in enumerate(_bodies(module)) for offset in _branches(body)]


def _bodies(module: bytes | memoryview) -> list[memoryview]:
    reader = section_reader(module, CODE)
    return reader.vector(lambda: reader.take(reader.u32()))


def _branches(body: memoryview) -> Iterator[int]:
    reader = Reader(body)
    for _ in range(reader.u32()):
        reader.u32()
        reader.byte()
    while not reader.at_end():
        start = reader.position
        opcode = reader.byte()
        if opcode in {_IF, _BR_IF}:
            yield start
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


_COUNT: Final = """
(module (memory 1)
  (func (param $condition i32) (param $branch i32) (result i32) (local $place i32)
    (if (i32.lt_u (memory.size) (i32.const {pages}))
      (then (drop (memory.grow (i32.sub (i32.const {pages}) (memory.size))))))
    (local.set $place (i32.add (i32.const {start}) (i32.shl (local.get $branch) (i32.const 3))))
    (if (local.get $condition) (then (local.set $place (i32.add (local.get $place) (i32.const 4)))))
    (i32.store (local.get $place) (i32.add (i32.load (local.get $place)) (i32.const 1)))
    (local.get $condition)))
"""
PAGE: Final = 65_536
COUNTER_SIZE: Final = 8
"""How often it was not taken, and how often it was: two numbers of 32 bits."""


def counted(module: bytes | memoryview, found: list[Branch], start: int, first: int, total: int) -> bytes:
    """The module with code that counts its branches, of `total` in all modules, in memory from `start` on.

    Its branches are numbered from `first`. Memory is grown at the first branch.
    """
    pages = (start + total * COUNTER_SIZE) // PAGE + 1
    counter = section_reader(bytes(wat2wasm(_COUNT.format(pages=pages, start=start))), CODE)
    counter.u32()
    count = bytes(counter.take(counter.u32()))
    signature = types(module).index(Signature(("i32", "i32"), ("i32",)))
    functions = section_reader(module, FUNCTIONS)
    declared = [u32(each) for each in functions.vector(functions.u32)]
    number = sum(1 for item in imports(module) if item.signature) + len(declared)
    bodies = [list[bytes | memoryview]() for _ in declared]
    cut = [0] * len(declared)
    old = _bodies(module)
    for index, branch in enumerate(found, first):
        body = bodies[branch.function]
        body += [old[branch.function][cut[branch.function] : branch.offset], b"\x41", s32(index), b"\x10", u32(number)]
        cut[branch.function] = branch.offset
    new = [b"".join([*body, old[index][cut[index] :]]) for index, body in enumerate(bodies)]
    code = vector(u32(len(body)) + body for body in [*new, count])
    return replace_sections(module, {FUNCTIONS: vector([*declared, u32(signature)]), CODE: code})


def hint_section(module: bytes | memoryview, taken: Mapping[Branch, bool]) -> bytes:
    """The content of `metadata.code.branch_hint` for the module, behind its name."""
    imported = sum(1 for item in imports(module) if item.signature)
    return vector(
        u32(imported + function) + vector(u32(branch.offset) + u32(1) + bytes([taken[branch]]) for branch in group)
        for function, group in groupby(sorted(taken), lambda branch: branch.function)
    )
