"""Types that are made of no others: numbers, `bool`, `string`, enumerations."""

from __future__ import annotations

import struct
from typing import Any

from wasmtime import _ffi as ffi
from wasmtime.component import _types as wit

from .codec import Codec, expected
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


def string() -> Codec:
    kind = ffi.WASMTIME_COMPONENT_STRING.value

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, str):
            raise expected("str", value)
        data = value.encode()
        keep.append(data)
        return pack_vector(kind, len(data), id(data) + CONTENT)

    def lift(address: int) -> Any:
        size, data = read_vector(MEMORY, address + UNION)
        return MEMORY[data : data + size].decode()

    return Codec(lower, lift)


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
