"""Types whose value has several values in a row: `list`, `tuple`, `record`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from wasmtime import _ffi as ffi
from wasmtime.component import _types as wit

from .bounds import Bound
from .codec import Codec, Compile, Lift, expected
from .memory import CONTENT, MEMORY, UNION, VALUE_SIZE, name_image, pack_vector, read_vector

_ENTRY_SIZE: Final = 48
"""A record's field: its name as address and size, then its value."""
_ENTRY_VALUE: Final = 16


def list_(ty: wit.ListType, compile_type: Compile) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_LIST.value
    if isinstance(ty.element, wit.U8):
        return _bytes(kind, compile_type.bound)
    item = compile_type(ty.element)

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, list):
            raise expected("list", value)
        images = b"".join([item.lower(each, keep) for each in value])
        keep.append(images)
        return pack_vector(kind, len(value), id(images) + CONTENT)

    def lift(address: int) -> Any:
        size, data = read_vector(MEMORY, address + UNION)
        return [item.lift(each) for each in range(data, data + size * VALUE_SIZE, VALUE_SIZE)]

    return Codec(lower, _within(compile_type.bound, lift))


def _within(bound: Bound | None, lift: Lift) -> Lift:
    """The list, if it has no more items than it may have."""
    if bound is None:
        return lift
    check = bound.check_items

    def lift_bounded(address: int) -> Any:
        check(read_vector(MEMORY, address + UNION)[0])
        return lift(address)

    return lift_bounded


def _bytes(kind: int, bound: Bound | None) -> Codec:
    blank = bytes([ffi.WASMTIME_COMPONENT_U8.value]).ljust(VALUE_SIZE, b"\0")

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, bytes):
            raise expected("bytes", value)
        images = bytearray(blank * len(value))
        images[UNION::VALUE_SIZE] = value
        data = bytes(images)
        keep.append(data)
        return pack_vector(kind, len(value), id(data) + CONTENT)

    def lift(address: int) -> Any:
        size, data = read_vector(MEMORY, address + UNION)
        return MEMORY[data : data + size * VALUE_SIZE][UNION::VALUE_SIZE]

    return Codec(lower, _within(bound, lift))


def tuple_(ty: wit.TupleType, compile_type: Compile) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_TUPLE.value
    items = [compile_type(each) for each in ty.elements]
    lowers = [item.lower for item in items]
    lifts = [(item.lift, index * VALUE_SIZE) for index, item in enumerate(items)]

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, tuple) or len(value) != len(lowers):
            raise expected(f"tuple of {len(lowers)}", value)
        images = b"".join([lower(each, keep) for lower, each in zip(lowers, value, strict=True)])
        keep.append(images)
        return pack_vector(kind, len(lowers), id(images) + CONTENT)

    return Codec(lower, _lift_at(lifts))


def record(ty: wit.RecordType, compile_type: Compile) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_RECORD.value
    fields = [(name, compile_type(each, name)) for name, each in ty.fields]
    lowers = [(name_image(name), codec.lower) for name, codec in fields]
    lifts = [(codec.lift, index * _ENTRY_SIZE + _ENTRY_VALUE) for index, (_, codec) in enumerate(fields)]
    what = f"tuple ({', '.join(name for name, _ in fields)})"

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, tuple) or len(value) != len(lowers):
            raise expected(what, value)
        entries = b"".join([name + lower(each, keep) for (name, lower), each in zip(lowers, value, strict=True)])
        keep.append(entries)
        return pack_vector(kind, len(lowers), id(entries) + CONTENT)

    return Codec(lower, _lift_at(lifts))


def _lift_at(lifts: Sequence[tuple[Lift, int]]) -> Lift:
    """Values of different types, each at its distance from the first."""

    def lift(address: int) -> Any:
        _, data = read_vector(MEMORY, address + UNION)
        return tuple([lift(data + offset) for lift, offset in lifts])

    return lift
