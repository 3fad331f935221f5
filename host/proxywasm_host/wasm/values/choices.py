"""Types whose value has one value of another type, or none: `variant`, `option`, `result`."""

from __future__ import annotations

import struct
from typing import Any

from wasmtime import _ffi as ffi
from wasmtime.component import ValType
from wasmtime.component import _types as wit

from .codec import Codec, Compile, expected, unsupported
from .memory import CONTENT, MEMORY, UNION, name_image

_pack_variant = struct.Struct("@B7x16sQ").pack
_read_variant = struct.Struct("@QQQ").unpack_from
_pack_option = struct.Struct("@B7xQ16x").pack
_read_option = struct.Struct("@Q").unpack_from
_pack_result = struct.Struct("@B7x?7xQ8x").pack
_read_result = struct.Struct("@?7xQ").unpack_from


def variant(ty: wit.VariantType, compile_type: Compile) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_VARIANT.value
    compiled = [(name, _payload(payload, compile_type, name)) for name, payload in ty.cases]
    lowers = {name: (name_image(name), payload.lower) for name, payload in compiled}
    lifts = {name.encode(): (name, payload.lift) for name, payload in compiled}

    def lower(value: Any, keep: list[bytes]) -> bytes:
        try:
            case, payload = value
            name, lower_payload = lowers[case]
        except (KeyError, TypeError, ValueError):
            raise TypeError(f"expected (case, value) with one of {', '.join(lowers)}, got {value!r:.80}") from None
        return _pack_variant(kind, name, _point(lower_payload(payload, keep), keep))

    def lift(address: int) -> Any:
        size, data, payload = _read_variant(MEMORY, address + UNION)
        case, lift_payload = lifts[MEMORY[data : data + size]]
        return case, lift_payload(payload)

    return Codec(lower, lift)


def option(ty: wit.OptionType, compile_type: Compile) -> Codec:
    if isinstance(ty.payload, wit.OptionType):
        return unsupported("an option of an option")
    kind = ffi.WASMTIME_COMPONENT_OPTION.value
    payload = compile_type(ty.payload)

    def lower(value: Any, keep: list[bytes]) -> bytes:
        return _pack_option(kind, 0 if value is None else _point(payload.lower(value, keep), keep))

    def lift(address: int) -> Any:
        (pointer,) = _read_option(MEMORY, address + UNION)
        return payload.lift(pointer) if pointer else None

    return Codec(lower, lift)


def result(ty: wit.ResultType, compile_type: Compile) -> Codec:
    kind = ffi.WASMTIME_COMPONENT_RESULT.value
    ok = _payload(ty.ok, compile_type, "ok")
    err = _payload(ty.err, compile_type, "err")
    lowers = {"ok": (True, ok.lower), "err": (False, err.lower)}

    def lower(value: Any, keep: list[bytes]) -> bytes:
        try:
            case, payload = value
            is_ok, lower_payload = lowers[case]
        except (KeyError, TypeError, ValueError):
            raise TypeError(f"expected ('ok', value) or ('err', value), got {value!r:.80}") from None
        return _pack_result(kind, is_ok, _point(lower_payload(payload, keep), keep))

    def lift(address: int) -> Any:
        is_ok, payload = _read_result(MEMORY, address + UNION)
        return ("ok", ok.lift(payload)) if is_ok else ("err", err.lift(payload))

    return Codec(lower, lift)


def _payload(ty: ValType | None, compile_type: Compile, case: str) -> Codec:
    """The codec of what may be absent: an empty image becomes a null pointer."""
    if ty is not None:
        return compile_type(ty, case)

    def lower(value: Any, _: list[bytes]) -> bytes:
        if value is not None:
            raise expected("None", value)
        return b""

    return Codec(lower, lambda _: None)


def _point(image: bytes, keep: list[bytes]) -> int:
    """The address of an image that is the payload of another value."""
    if not image:
        return 0
    keep.append(image)
    return id(image) + CONTENT
