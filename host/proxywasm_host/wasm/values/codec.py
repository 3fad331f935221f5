"""The codec of a type: a pair of closures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeAlias

from wasmtime.component import ValType

from .bounds import Bound

Lower: TypeAlias = Callable[[Any, list[bytes]], bytes]
"""Value to the image of a `wasmtime_component_val_t`; what the image points at is added to the list."""

Lift: TypeAlias = Callable[[int], Any]
"""Address of a `wasmtime_component_val_t` to value."""


class Codec(NamedTuple):
    lower: Lower
    lift: Lift


class Compile(Protocol):
    """`compile_type`, for the types that a type is made of."""

    def __call__(self, ty: ValType, *names: str) -> Codec:
        """`names` lead from the outer type to this one."""

    @property
    def bound(self) -> Bound | None:
        """Of the outer type."""


def unsupported(what: str) -> Codec:
    """The codec of a type that has no plain Python value: it raises `TypeError` when it is used."""

    def refuse(*_: object) -> Any:
        raise TypeError(f"{what} has no Python value")

    return Codec(refuse, refuse)


def expected(what: str, value: object) -> TypeError:
    return TypeError(f"expected {what}, got {type(value).__name__}")
