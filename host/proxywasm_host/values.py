"""Compiled value conversion for Wasmtime's component API.

`wasmtime.component` derives types anew at every call and walks `wasmtime_component_val_t` with ctypes accessors. Here a
type is compiled once into a pair of closures, and a call is two to ten times as fast. Python values are plain:

==================  ====================================================================================
WIT                 Python
==================  ====================================================================================
bool, ints, floats  `bool`, `int`, `float`
string, enum        `str` (an enum is the name of its case)
list<u8>            `bytes`
list<T>             `list`
tuple, record       `tuple`, a record in the order of its fields
option<T>           the value or `None`; an option of an option is refused, `None` would be ambiguous
variant             `(case, value)`, the value is `None` where the case has no payload
result              a variant with the cases `ok` and `err`
==================  ====================================================================================

Ownership is what makes hand-written conversion dangerous, so it is decided once, in three rules:

1. Lowering builds an image of the value in memory that Python owns (immutable `bytes`, pointing at one another).
   Wasmtime only reads arguments, so nothing has to be freed, also when lowering fails half-way.
2. Lifting only reads. What a guest returned is freed by one `wasmtime_component_val_delete` at its root.
3. What a host function returns passes to Wasmtime: a deep copy of the image, by `wasmtime_component_val_clone`.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from wasmtime import _ffi as ffi
from wasmtime.component import ValType
from wasmtime.component import _types as wit

Lower: TypeAlias = Callable[[Any, list[bytes]], bytes]
"""Value to the image of a `wasmtime_component_val_t`; what the image points at is added to the list."""

Lift: TypeAlias = Callable[[int], Any]
"""Address of a `wasmtime_component_val_t` to value."""


class Codec(NamedTuple):
    lower: Lower
    lift: Lift


# -- Memory -----------------------------------------------------------------------------------------------------------

# All of memory as one array: reading at an address is a slice (0.1 us) instead of a foreign call such as
# `ctypes.string_at` (0.6 us), and `struct` reads from it in place.
_MEMORY: Final[Any] = (ctypes.c_char * sys.maxsize).from_address(0)

# The content of a `bytes` object begins at `id(data) + _CONTENT`. `PyBytes_AsString` says the same in 0.4 us.
_CONTENT: Final = bytes.__basicsize__ - 1
_probe = b"proxywasm"
if _MEMORY[id(_probe) + _CONTENT : id(_probe) + _CONTENT + len(_probe)] != _probe:
    raise ImportError("proxywasm_host needs CPython: `bytes` objects are laid out differently here")

# The kind, then a union of 24 bytes.
VALUE_SIZE: Final = 32
"""Bytes of a `wasmtime_component_val_t`."""
_UNION: Final = 8
_ENTRY_SIZE: Final = 48
"""A record's field: its name as address and size, then its value."""
_ENTRY_VALUE: Final = 16

_vector = struct.Struct("@QQ")  # size and address: a name, a string, the items of a list
_pack_name = _vector.pack
_pack_vector = struct.Struct("@B7xQQ8x").pack
_pack_enum = struct.Struct("@B7x16s8x").pack
_pack_variant = struct.Struct("@B7x16sQ").pack
_pack_option = struct.Struct("@B7xQ16x").pack
_pack_result = struct.Struct("@B7x?7xQ8x").pack
_pack_bool = struct.Struct("@B7x?23x").pack
_read_vector = _vector.unpack_from
_read_variant = struct.Struct("@QQQ").unpack_from
_read_option = struct.Struct("@Q").unpack_from
_read_result = struct.Struct("@?7xQ").unpack_from

_names: dict[str, bytes] = {}


def _name(text: str) -> bytes:
    """The image of a name. Names of cases and fields are few; they live as long as the process."""
    data = _names.setdefault(text, text.encode())
    return _pack_name(len(data), id(data) + _CONTENT)


def _expected(what: str, value: object) -> TypeError:
    return TypeError(f"expected {what}, got {type(value).__name__}")


# -- Types ------------------------------------------------------------------------------------------------------------


def compile_type(ty: ValType) -> Codec:
    """Compile the conversions of one type.

    A type that has no plain Python value (a resource, a stream) gets a codec that raises `TypeError` when it is used,
    so that a function can be defined which takes or returns one and never completes.
    """
    try:
        build = _BUILDERS[type(ty)]
    except KeyError:
        return _unsupported(type(ty).__name__)
    return build(ty)


def _unsupported(what: str) -> Codec:
    def refuse(*_: object) -> Any:
        raise TypeError(f"{what} has no Python value")

    return Codec(refuse, refuse)


def _number(kind: int, code: str) -> Callable[[ValType], Codec]:
    layout = struct.Struct(f"@B7x{code}")
    pack = struct.Struct(f"@B7x{code}{VALUE_SIZE - layout.size}x").pack
    read = struct.Struct(f"@{code}").unpack_from

    # `struct` checks type and range.
    codec = Codec(lambda value, _: pack(kind, value), lambda address: read(_MEMORY, address + _UNION)[0])
    return lambda _: codec


def _bool(_: ValType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_BOOL.value

    def lower(value: Any, _: list[bytes]) -> bytes:
        if not isinstance(value, bool):
            raise _expected("bool", value)
        return _pack_bool(kind, value)

    return Codec(lower, lambda address: _MEMORY[address + _UNION] != b"\0")


def _string(_: ValType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_STRING.value

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, str):
            raise _expected("str", value)
        data = value.encode()
        keep.append(data)
        return _pack_vector(kind, len(data), id(data) + _CONTENT)

    def lift(address: int) -> Any:
        size, data = _read_vector(_MEMORY, address + _UNION)
        return _MEMORY[data : data + size].decode()

    return Codec(lower, lift)


def _list(ty: wit.ListType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_LIST.value
    if isinstance(ty.element, wit.U8):
        return _bytes(kind)
    item = compile_type(ty.element)

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, list):
            raise _expected("list", value)
        images = b"".join([item.lower(each, keep) for each in value])
        keep.append(images)
        return _pack_vector(kind, len(value), id(images) + _CONTENT)

    def lift(address: int) -> Any:
        size, data = _read_vector(_MEMORY, address + _UNION)
        return [item.lift(each) for each in range(data, data + size * VALUE_SIZE, VALUE_SIZE)]

    return Codec(lower, lift)


def _bytes(kind: int) -> Codec:
    blank = bytes([ffi.WASMTIME_COMPONENT_U8.value]).ljust(VALUE_SIZE, b"\0")

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, bytes):
            raise _expected("bytes", value)
        images = bytearray(blank * len(value))
        images[_UNION::VALUE_SIZE] = value
        data = bytes(images)
        keep.append(data)
        return _pack_vector(kind, len(value), id(data) + _CONTENT)

    def lift(address: int) -> Any:
        size, data = _read_vector(_MEMORY, address + _UNION)
        return _MEMORY[data : data + size * VALUE_SIZE][_UNION::VALUE_SIZE]

    return Codec(lower, lift)


def _tuple(ty: wit.TupleType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_TUPLE.value
    items = [compile_type(each) for each in ty.elements]
    lowers = [item.lower for item in items]
    lifts = [(item.lift, index * VALUE_SIZE) for index, item in enumerate(items)]

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, tuple) or len(value) != len(lowers):
            raise _expected(f"tuple of {len(lowers)}", value)
        images = b"".join([lower(each, keep) for lower, each in zip(lowers, value, strict=True)])
        keep.append(images)
        return _pack_vector(kind, len(lowers), id(images) + _CONTENT)

    def lift(address: int) -> Any:
        _, data = _read_vector(_MEMORY, address + _UNION)
        return tuple([lift(data + offset) for lift, offset in lifts])

    return Codec(lower, lift)


def _record(ty: wit.RecordType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_RECORD.value
    fields = [(name, compile_type(each)) for name, each in ty.fields]
    lowers = [(_name(name), codec.lower) for name, codec in fields]
    lifts = [(codec.lift, index * _ENTRY_SIZE + _ENTRY_VALUE) for index, (_, codec) in enumerate(fields)]
    what = f"tuple ({', '.join(name for name, _ in fields)})"

    def lower(value: Any, keep: list[bytes]) -> bytes:
        if not isinstance(value, tuple) or len(value) != len(lowers):
            raise _expected(what, value)
        entries = b"".join([name + lower(each, keep) for (name, lower), each in zip(lowers, value, strict=True)])
        keep.append(entries)
        return _pack_vector(kind, len(lowers), id(entries) + _CONTENT)

    def lift(address: int) -> Any:
        _, data = _read_vector(_MEMORY, address + _UNION)
        return tuple([lift(data + offset) for lift, offset in lifts])

    return Codec(lower, lift)


def _enum(ty: wit.EnumType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_ENUM.value
    images = {name: _pack_enum(kind, _name(name)) for name in ty.names}
    cases = {name.encode(): name for name in ty.names}

    def lower(value: Any, _: list[bytes]) -> bytes:
        try:
            return images[value]
        except (KeyError, TypeError):
            raise TypeError(f"expected one of {', '.join(images)}, got {value!r:.80}") from None

    def lift(address: int) -> Any:
        size, data = _read_vector(_MEMORY, address + _UNION)
        return cases[_MEMORY[data : data + size]]

    return Codec(lower, lift)


def _variant(ty: wit.VariantType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_VARIANT.value
    compiled = [(name, _payload(payload)) for name, payload in ty.cases]
    lowers = {name: (_name(name), payload.lower) for name, payload in compiled}
    lifts = {name.encode(): (name, payload.lift) for name, payload in compiled}

    def lower(value: Any, keep: list[bytes]) -> bytes:
        try:
            case, payload = value
            name, lower_payload = lowers[case]
        except (KeyError, TypeError, ValueError):
            raise TypeError(f"expected (case, value) with one of {', '.join(lowers)}, got {value!r:.80}") from None
        return _pack_variant(kind, name, _point(lower_payload(payload, keep), keep))

    def lift(address: int) -> Any:
        size, data, payload = _read_variant(_MEMORY, address + _UNION)
        case, lift_payload = lifts[_MEMORY[data : data + size]]
        return case, lift_payload(payload)

    return Codec(lower, lift)


def _payload(ty: ValType | None) -> Codec:
    """The codec of what may be absent: an empty image becomes a null pointer."""
    if ty is not None:
        return compile_type(ty)

    def lower(value: Any, _: list[bytes]) -> bytes:
        if value is not None:
            raise _expected("None", value)
        return b""

    return Codec(lower, lambda _: None)


def _point(image: bytes, keep: list[bytes]) -> int:
    """The address of an image that is the payload of another value."""
    if not image:
        return 0
    keep.append(image)
    return id(image) + _CONTENT


def _option(ty: wit.OptionType) -> Codec:
    if isinstance(ty.payload, wit.OptionType):
        return _unsupported("an option of an option")
    kind = ffi.WASMTIME_COMPONENT_OPTION.value
    payload = compile_type(ty.payload)

    def lower(value: Any, keep: list[bytes]) -> bytes:
        return _pack_option(kind, 0 if value is None else _point(payload.lower(value, keep), keep))

    def lift(address: int) -> Any:
        (pointer,) = _read_option(_MEMORY, address + _UNION)
        return payload.lift(pointer) if pointer else None

    return Codec(lower, lift)


def _result(ty: wit.ResultType) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_RESULT.value
    ok = _payload(ty.ok)
    err = _payload(ty.err)
    lowers = {"ok": (True, ok.lower), "err": (False, err.lower)}

    def lower(value: Any, keep: list[bytes]) -> bytes:
        try:
            case, payload = value
            is_ok, lower_payload = lowers[case]
        except (KeyError, TypeError, ValueError):
            raise TypeError(f"expected ('ok', value) or ('err', value), got {value!r:.80}") from None
        return _pack_result(kind, is_ok, _point(lower_payload(payload, keep), keep))

    def lift(address: int) -> Any:
        is_ok, payload = _read_result(_MEMORY, address + _UNION)
        return ("ok", ok.lift(payload)) if is_ok else ("err", err.lift(payload))

    return Codec(lower, lift)


_BUILDERS: Final[dict[type, Callable[[Any], Codec]]] = {
    wit.Bool: _bool,
    wit.U8: _number(ffi.WASMTIME_COMPONENT_U8.value, "B"),
    wit.S8: _number(ffi.WASMTIME_COMPONENT_S8.value, "b"),
    wit.U16: _number(ffi.WASMTIME_COMPONENT_U16.value, "H"),
    wit.S16: _number(ffi.WASMTIME_COMPONENT_S16.value, "h"),
    wit.U32: _number(ffi.WASMTIME_COMPONENT_U32.value, "I"),
    wit.S32: _number(ffi.WASMTIME_COMPONENT_S32.value, "i"),
    wit.U64: _number(ffi.WASMTIME_COMPONENT_U64.value, "Q"),
    wit.S64: _number(ffi.WASMTIME_COMPONENT_S64.value, "q"),
    wit.F32: _number(ffi.WASMTIME_COMPONENT_F32.value, "f"),
    wit.F64: _number(ffi.WASMTIME_COMPONENT_F64.value, "d"),
    wit.String: _string,
    wit.ListType: _list,
    wit.TupleType: _tuple,
    wit.RecordType: _record,
    wit.EnumType: _enum,
    wit.VariantType: _variant,
    wit.OptionType: _option,
    wit.ResultType: _result,
}
