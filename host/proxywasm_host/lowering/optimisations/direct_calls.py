"""Calls between libraries that go through a table in a component, and that one module does without.

A function that can only be instantiated after the one that calls it is called through a table: the caller imports a
function that calls what is in a slot, and a module that comes last fills the slots.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ..binary import Reader, s32, u32, vector
from ..code import I32_CONST, bodies
from ..component import Component, Export, Instantiated, Item
from ..module import ELEMENTS, constants, exports, imports, replace_sections, section_reader
from ..parts import Parts
from .interface import Optimisation

_LOCAL_GET, _CALL_INDIRECT, _END = 0x20, 0x11, 0x0B
_TABLE: Final = "__indirect_function_table"


@dataclass(frozen=True, slots=True)
class LibraryCalls:
    """`ends`: where the function leads that somebody imports. `fillers`: the modules that fill slots."""

    ends: dict[Item, Item]
    fillers: dict[int, bytes]
    """By instance: the module without the slots that were for these calls only."""


def _call_directly(parts: Parts) -> Parts:
    found = library_calls(parts.component)
    return replace(parts, ends={**parts.ends, **found.ends}, modules={**parts.modules, **found.fillers})


def library_calls(component: Component) -> LibraryCalls:
    """Libraries that call functions of each other, or weak ones of their own, do so through the module `env`, which is
    there before them; a module that comes after them fills its table."""
    found = LibraryCalls({}, {})
    for index, instance in enumerate(component.core_instances):
        if isinstance(instance, Instantiated):
            holder = _holder_of_table(component, instance)
            if holder is not None and (slots := _slots(instance)):
                _follow(component, index, holder, slots, found)
    return found


def _holder_of_table(component: Component, filler: Instantiated) -> int | None:
    """The instance whose table this one fills, if it is a module of the component."""
    for item in imports(filler.module):
        if item.field == _TABLE and item.signature is None:
            holder = filler.arguments[item.module]
            return holder if isinstance(component.core_instances[holder], Instantiated) else None
    return None


def _slots(filler: Instantiated) -> dict[int, Export]:
    """The imported functions that it puts into the table."""
    imported = [item for item in imports(filler.module) if item.signature]
    return {
        start + offset: Export(filler.arguments[item.module], item.field)
        for start, functions in segments(filler.module)
        for offset, function in enumerate(functions)
        if function < len(imported) and (item := imported[function])
    }


def _follow(component: Component, index: int, holder: int, slots: dict[int, Export], found: LibraryCalls) -> None:
    filler, env = component.core_instances[index], component.core_instances[holder]
    assert isinstance(filler, Instantiated)
    assert isinstance(env, Instantiated)
    through = {name: slot for name, slot in _calls_of_slots(env.module).items() if slot in slots}
    found.ends.update({Export(holder, name): slots[slot] for name, slot in through.items()})
    # A slot whose number is the value of a global is the address of its function for somebody.
    idle = {*through.values()}.difference(constants(env.module))
    found.fillers[index] = _without(filler.module, idle)


def _calls_of_slots(module: memoryview) -> dict[str, int]:
    """The exported functions that only pass their arguments on to what is in a slot of the table, and the slot."""
    defined = bodies(module)
    imported = sum(1 for item in imports(module) if item.signature)
    return {
        name: slot
        for name, (kind, function) in exports(module).items()
        if kind == 0 and function >= imported and (slot := _called_slot(defined[function - imported])) is not None
    }


def _called_slot(body: memoryview) -> int | None:
    reader = Reader(body)
    if reader.u32():
        return None
    parameter = 0
    while (opcode := reader.byte()) == _LOCAL_GET:
        if reader.u32() != parameter:
            return None
        parameter += 1
    if opcode != I32_CONST:
        return None
    slot = reader.u32()
    if reader.byte() != _CALL_INDIRECT:
        return None
    reader.u32()
    reader.u32()
    return slot if reader.byte() == _END and reader.at_end() else None


def segments(module: bytes | memoryview) -> list[tuple[int, list[int]]]:
    """Where a module's segments of functions begin, for those at fixed places in the first table."""
    reader = section_reader(module, ELEMENTS)
    found = []
    for _ in range(reader.u32()):
        if reader.u32() or reader.byte() != I32_CONST:
            return []
        start = reader.u32()
        reader.byte()
        found.append((start, reader.vector(reader.u32)))
    return found


def _without(module: bytes | memoryview, idle: set[int]) -> bytes:
    """The module with these slots left empty."""
    runs: list[tuple[int, list[int]]] = []
    for start, functions in segments(module):
        for slot, function in enumerate(functions, start):
            if slot in idle:
                continue
            if runs and runs[-1][0] + len(runs[-1][1]) == slot:
                runs[-1][1].append(function)
            else:
                runs.append((slot, [function]))
    listed = (
        bytes([0, I32_CONST]) + s32(start) + bytes([_END]) + vector(map(u32, functions)) for start, functions in runs
    )
    return replace_sections(module, {ELEMENTS: vector(listed)})


DIRECT_CALLS: Final = Optimisation("direct-calls", "libraries call each other without a table", _call_directly)
