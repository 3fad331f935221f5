"""From the type of a dataclass field to the kind of JSON value that it is read from."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from .keys import Kind, Table


class Shape(NamedTuple):
    """What the type of a field declares."""

    kind: Kind
    choices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    keys: type[Any] | Table | None = None


def shape(hint: Any) -> Shape:
    """Raises `TypeError` for a type that cannot be read from JSON."""
    if isinstance(hint, Kind):
        return Shape(hint)
    if isinstance(hint, Table) or (isinstance(hint, type) and is_dataclass(hint)):
        return Shape(Kind.OBJECT, keys=hint)
    if hint in _PLAIN:
        return Shape(_PLAIN[hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        others = [one for one in arguments if one is not types.NoneType]
        if len(others) == 1:
            return shape(others[0])
    if origin is Literal and all(isinstance(one, str) for one in arguments):
        return Shape(Kind.STRING, choices=arguments)
    if origin in {tuple, Sequence} and arguments[1:] in {(...,), ()}:
        return _array(hint, shape(arguments[0]))
    if origin in {dict, Mapping}:
        return _map(hint, *map(shape, arguments))
    raise _unknown(hint)


_PLAIN: Final = {
    str: Kind.STRING,
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    float: Kind.NUMBER,
    dict: Kind.OBJECT,
    Any: Kind.ANY,
}

_ARRAYS: Final = {
    Kind.STRING: Kind.STRINGS,
    Kind.INTEGER: Kind.INTEGERS,
    Kind.NUMBER: Kind.NUMBERS,
    Kind.OBJECT: Kind.OBJECTS,
}

_MAPS: Final = {
    Kind.STRING: Kind.STRING_MAP,
    Kind.BOOLEAN: Kind.BOOLEAN_MAP,
    Kind.INTEGER: Kind.INTEGER_MAP,
    Kind.NUMBER: Kind.NUMBER_MAP,
    Kind.OBJECT: Kind.OBJECT_MAP,
    Kind.ANY: Kind.OBJECT,
}


def _array(hint: Any, item: Shape) -> Shape:
    if item.kind not in _ARRAYS:
        raise _unknown(hint)
    return Shape(_ARRAYS[item.kind], names=item.choices, keys=item.keys)


def _map(hint: Any, name: Shape, item: Shape) -> Shape:
    if name.kind is not Kind.STRING or item.kind not in _MAPS or item.choices:
        raise _unknown(hint)
    return Shape(_MAPS[item.kind], names=name.choices, keys=item.keys)


def _unknown(hint: Any) -> TypeError:
    shown = hint.__name__ if isinstance(hint, type) and not get_args(hint) else hint
    return TypeError(
        f"{shown} cannot be read from JSON; use str, bool, int, float, Any, Literal of strings, a dataclass, or "
        "tuple[..., ...] or dict[str, ...] of these, or give the key such a type: key(doc, str, convert=...)"
    )
