"""Scalar types: numbers, `bool`, `string`, enumerations."""

from __future__ import annotations

import struct
from typing import Any, Final

from wasmtime import _ffi as ffi
from wasmtime.component import _types as wit

from .bounds import Bound, Cut
from .codec import Codec, Lift, expected
from .memory import CONTENT, MEMORY, UNION, VALUE_SIZE, name_image, pack_vector, read_vector

_pack_bool = struct.Struct("@B7x?23x").pack
_pack_enum = struct.Struct("@B7x16s8x").pack


def number(kind: int, code: str) -> Codec:
    """`code` is that of `struct`."""
    layout = struct.Struct(f"@B7x{code}")
    pack = struct.Struct(f"@B7x{code}{VALUE_SIZE - layout.size}x").pack
    read = struct.Struct(f"@{code}").unpack_from

    # `struct` checks type and range.
    return Codec(lambda value, _: pack(kind, value), lambda address: read(MEMORY, address + UNION)[0])


def boolean() -> Codec:
    kind = ffi.WASMTIME_COMPONENT_BOOL.value
    true, false = _pack_bool(kind, True), _pack_bool(kind, False)

    def lower(value: Any, _: list[bytes]) -> bytes:
        if value is True:
            return true
        if value is False:
            return false
        raise expected("bool", value)

    return Codec(lower, lambda address: MEMORY[address + UNION] != b"\0")


def string(bound: Bound | None = None) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_STRING.value

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, str):
            raise expected("str", value)
        data = value.encode()
        keep.append(data)
        return pack_vector(kind, len(data), id(data) + CONTENT)

    return Codec(lower, _lift_string if bound is None else _lift_within(bound))


def _lift_string(address: int) -> Any:
    size, data = read_vector(MEMORY, address + UNION)
    return MEMORY[data : data + size].decode()


def _lift_within(bound: Bound) -> Lift:
    most, raw = bound.most, bound.raw
    if bound.cut is not None:
        shorten = _SHORTEN[bound.cut]

        def lift_shortened(address: int) -> Any:
            size, data = read_vector(MEMORY, address + UNION)
            return MEMORY[data : data + size].decode() if size <= most else shorten(data, size, most)

        return lift_shortened

    def lift(address: int) -> Any:
        size, data = read_vector(MEMORY, address + UNION)
        if size > most:
            bound.check_size(size)
        text = MEMORY[data : data + size]
        if bound.fields is not None:
            bound.check_fields(text)
        return text if raw else text.decode()

    return lift


def _without_end(data: int, size: int, most: int) -> str:
    return f"{_part(data, most)} [{size - most} more bytes cut off]"


def _without_middle(data: int, size: int, most: int) -> str:
    """Cut the middle: a traceback begins with the place and ends with the error."""
    half = most // 2
    return f"{_part(data, half)} [{size - 2 * half} bytes cut out] {_part(data + size - half, half)}"


def _part(data: int, size: int) -> str:
    """Characters that are cut through are left out."""
    return str(MEMORY[data : data + size].decode(errors="ignore"))


_SHORTEN: Final = {Cut.END: _without_end, Cut.MIDDLE: _without_middle}


def enum(ty: wit.EnumType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_ENUM.value
    images = {name: _pack_enum(kind, name_image(name)) for name in ty.names}
    cases = {name.encode(): name for name in ty.names}

    def lower(value: Any, _: list[bytes]) -> bytes:
        try:
            return images[value]
        except (KeyError, TypeError):
            raise TypeError(f"expected one of {', '.join(images)}, got {value!r:.80}") from None

    def lift(address: int) -> Any:
        size, data = read_vector(MEMORY, address + UNION)
        return cases[MEMORY[data : data + size]]

    return Codec(lower, lift)
