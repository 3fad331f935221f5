"""Find the branches in the code of a module, count how they go, and write that down as hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from wasmtime import wat2wasm

from proxywasm_host.building.proxy_wasm.binary import u32, vector
from proxywasm_host.building.proxy_wasm.code import BR_IF, IF, bodies, instructions, s32
from proxywasm_host.building.proxy_wasm.module import (
    CODE,
    FUNCTIONS,
    Signature,
    imports,
    replace_sections,
    section_reader,
    types,
)


@dataclass(frozen=True, slots=True, order=True)
class Branch:
    function: int
    """Among those that the module defines."""
    offset: int
    """Of the instruction, from the start of the function's body, where its locals are declared."""


def branches(module: bytes | memoryview) -> list[Branch]:
    """Every `if` and `br_if`. Raises `MalformedError` for instructions that compiled Python does not have."""
    return [
        Branch(index, start)
        for index, body in enumerate(bodies(module))
        for opcode, start, _ in instructions(body)
        if opcode in {IF, BR_IF}
    ]


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
    pieces = [list[bytes | memoryview]() for _ in declared]
    cut = [0] * len(declared)
    old = bodies(module)
    for index, branch in enumerate(found, first):
        body = pieces[branch.function]
        body += [old[branch.function][cut[branch.function] : branch.offset], b"\x41", s32(index), b"\x10", u32(number)]
        cut[branch.function] = branch.offset
    new = [b"".join([*body, old[index][cut[index] :]]) for index, body in enumerate(pieces)]
    code = vector(u32(len(body)) + body for body in [*new, count])
    return replace_sections(module, {FUNCTIONS: vector([*declared, u32(signature)]), CODE: code})


def hint_section(module: bytes | memoryview, taken: Mapping[Branch, bool]) -> bytes:
    """The content of `metadata.code.branch_hint` for the module, behind its name."""
    imported = sum(1 for item in imports(module) if item.signature)
    return vector(
        u32(imported + function) + vector(u32(branch.offset) + u32(1) + bytes([taken[branch]]) for branch in group)
        for function, group in groupby(sorted(taken), lambda branch: branch.function)
    )
