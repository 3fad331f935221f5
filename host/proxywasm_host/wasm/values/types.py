"""From a type to its codec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wasmtime import _ffi as ffi
from wasmtime.component import ValType
from wasmtime.component import _types as wit

from . import choices, scalars, sequences
from .bounds import Bound, Bounds, Path, unbounded
from .codec import Codec, Compile, unsupported


def compile_type(ty: ValType, bounds: Bounds = unbounded, path: Path = ()) -> Codec:
    """Compile the conversions of one type.

    `bounds` says how large the strings and lists in it may be when they come from a guest; `path` is its place.

    A type that has no plain Python value (a resource, a stream) gets a codec that raises `TypeError` when it is used,
    so that a function can be defined which takes or returns one and never completes.
    """
    if scalar := _SCALARS.get(type(ty)):
        return scalar
    if build := _BUILDERS.get(type(ty)):
        return build(ty, _Place(bounds, path))
    return unsupported(type(ty).__name__)


class _Place:
    """A `Compile` with its place in the world."""

    def __init__(self, bounds: Bounds, path: Path) -> None:
        self._bounds = bounds
        self._path = path

    def __call__(self, ty: ValType, *names: str) -> Codec:
        return compile_type(ty, self._bounds, (*self._path, *names))

    @property
    def bound(self) -> Bound | None:
        return self._bounds(self._path)


_SCALARS: Final[dict[type, Codec]] = {
    wit.Bool: scalars.boolean(),
    wit.U8: scalars.number(ffi.WASMTIME_COMPONENT_U8.value, "B"),
    wit.S8: scalars.number(ffi.WASMTIME_COMPONENT_S8.value, "b"),
    wit.U16: scalars.number(ffi.WASMTIME_COMPONENT_U16.value, "H"),
    wit.S16: scalars.number(ffi.WASMTIME_COMPONENT_S16.value, "h"),
    wit.U32: scalars.number(ffi.WASMTIME_COMPONENT_U32.value, "I"),
    wit.S32: scalars.number(ffi.WASMTIME_COMPONENT_S32.value, "i"),
    wit.U64: scalars.number(ffi.WASMTIME_COMPONENT_U64.value, "Q"),
    wit.S64: scalars.number(ffi.WASMTIME_COMPONENT_S64.value, "q"),
    wit.F32: scalars.number(ffi.WASMTIME_COMPONENT_F32.value, "f"),
    wit.F64: scalars.number(ffi.WASMTIME_COMPONENT_F64.value, "d"),
}
_BUILDERS: Final[dict[type, Callable[[Any, Compile], Codec]]] = {
    wit.String: lambda _, place: scalars.string(place.bound),
    wit.EnumType: lambda ty, _: scalars.enum(ty),
    wit.ListType: sequences.list_,
    wit.TupleType: sequences.tuple_,
    wit.RecordType: sequences.record,
    wit.VariantType: choices.variant,
    wit.OptionType: choices.option,
    wit.ResultType: choices.result,
}
