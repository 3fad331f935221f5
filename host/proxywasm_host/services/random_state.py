"""The state of the module `random`: save it, and set it, around each call of a native plugin.

`random.getstate` makes 625 Python integers, and twice for each call that took five times as long as all the rest around
it. CPython keeps the state in one block of the object's memory, so here it is copied as bytes. Where the block is not
found at its place, in another Python, `getstate` and `setstate` do it.
"""

from __future__ import annotations

import ctypes
import random
import struct
import sys
from typing import Any, Final

_GENERATOR: Final[Any] = random._inst
"""What the functions of the module draw from."""
_BLOCK: Final = struct.Struct("=i624I")
"""How many of the numbers have been drawn, and the numbers."""


def _found() -> int:
    """The address of the generator's block; 0 if it is not where CPython has it."""
    if sys.implementation.name != "cpython":
        return 0
    place = object.__basicsize__
    base = random.Random.__base__
    if base is None or base.__basicsize__ < place + _BLOCK.size:
        return 0
    *numbers, drawn = random.getstate()[1]
    address = id(_GENERATOR) + place
    return address if ctypes.string_at(address, _BLOCK.size) == _BLOCK.pack(drawn, *numbers) else 0


_ADDRESS: Final = _found()


def save() -> Any:
    """What `restore` takes."""
    if not _ADDRESS:
        return random.getstate()
    return ctypes.string_at(_ADDRESS, _BLOCK.size), _GENERATOR.gauss_next


def restore(state: Any) -> None:
    if not _ADDRESS:
        random.setstate(state)
        return
    block, _GENERATOR.gauss_next = state
    ctypes.memmove(_ADDRESS, block, _BLOCK.size)


def seeded(seed: int) -> Any:
    """The state after `random.seed(seed)`, which itself stays as it was."""
    before = save()
    try:
        random.seed(seed)
        return save()
    finally:
        restore(before)
