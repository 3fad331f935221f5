"""Configuration keys as a declarative table: each key is a dataclass field that says its JSON type, meaning and limits.

From this one source come the typed values, the error messages and, by `keys_of`, documentation and editor completion.
The JSON name of a field is its name in camel case.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Any, Protocol, TypeVar, cast

from proxywasm import ConfigError, log

from .jsonx import type_name


class Kind(Enum):
    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    STRINGS = "array of strings"
    OBJECT = "object"
    OBJECTS = "array of objects"
    ANY = "any value"


class Convert(Protocol):
    """From the checked JSON value to what the plugin works with. `path` is where the value stands, for errors."""

    def __call__(self, value: Any, path: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Key:
    """What is to be known about one key."""

    kind: Kind
    doc: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    secret: bool = False
    convert: Convert | None = None
    keys: type[Any] | None = None
    """The keys of an object, or of each object of an array."""
    name: str = ""
    """The JSON name where it is not the field's name in camel case."""


def key(
    kind: Kind,
    doc: str,
    *,
    default: Any = MISSING,
    factory: Any = MISSING,
    choices: tuple[str, ...] = (),
    minimum: int | None = None,
    secret: bool = False,
    convert: Convert | None = None,
    keys: type[Any] | None = None,
    name: str = "",
) -> Any:
    """A dataclass field that is a configuration key. Without `default` and `factory` the key is required."""
    entry = Key(kind, doc, choices, minimum, secret, convert, keys, name)
    if factory is not MISSING:
        return field(default_factory=factory, metadata={"key": entry}, repr=not secret)
    return field(default=default, metadata={"key": entry}, repr=not secret)


def keys_of(settings: type[Any]) -> dict[str, Key]:
    """The keys of a settings class by JSON name, in order of declaration."""
    return {item.metadata["key"].name or _camel(item.name): item.metadata["key"] for item in fields(settings)}


Settings = TypeVar("Settings")


def read(settings: type[Settings], document: dict[str, Any], path: str) -> Settings:
    """Check a JSON object and return it as an instance of `settings`.

    A missing key and `null` are the same. As in the original, numbers and switches may also be given as strings, and
    one string stands for a list of one; any other wrong type is refused. Raises `ConfigError`.
    """
    values: dict[str, Any] = {}
    known = set()
    for item in fields(cast(Any, settings)):
        entry: Key = item.metadata["key"]
        name = entry.name or _camel(item.name)
        known.add(name)
        raw = document.get(name)
        if raw is None:
            if item.default is MISSING and item.default_factory is MISSING:
                raise ConfigError(f"{path}.{name}: is required: {entry.doc}")
            continue
        values[item.name] = _value(entry, raw, f"{path}.{name}")
    for name in document:
        if name not in known and not name.startswith("_"):
            log.warn("%s.%s: unknown key, ignored", path, name)
    return settings(**values)


def _value(entry: Key, raw: Any, path: str) -> Any:
    value = _READERS[entry.kind](raw, path)
    if entry.choices and value not in entry.choices:
        # Case is forgiven, as in the original; other words are not.
        value = next((choice for choice in entry.choices if choice.lower() == value.lower()), None)
        if value is None:
            raise ConfigError(f'{path}: must be one of {", ".join(entry.choices)}, got "{raw}"')
    if entry.minimum is not None and value < entry.minimum:
        raise ConfigError(f"{path}: must be at least {entry.minimum}, got {value}")
    if entry.keys is not None:
        if entry.kind is Kind.OBJECTS:
            return tuple(read(entry.keys, item, f"{path}[{index}]") for index, item in enumerate(value))
        return read(entry.keys, value, path)
    return entry.convert(value, path) if entry.convert else value


def _refuse(raw: Any, path: str, wanted: str) -> ConfigError:
    return ConfigError(f"{path}: must be {wanted}, got {type_name(raw)}")


def _string(raw: Any, path: str) -> str:
    if not isinstance(raw, str):
        raise _refuse(raw, path, "a string")
    return raw


def _boolean(raw: Any, path: str) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in {"true", "false"}:
        return raw.lower() == "true"
    raise _refuse(raw, path, "true or false")


def _integer(raw: Any, path: str) -> int:
    if isinstance(raw, str):
        try:
            raw = int(raw)
        except ValueError:
            raise _refuse(raw, path, "an integer") from None
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw) or raw != int(raw):
        raise _refuse(raw, path, "an integer")
    return int(raw)


def _strings(raw: Any, path: str) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = [raw]
    if not isinstance(raw, list):
        raise _refuse(raw, path, "an array of strings")
    return tuple(_string(item, f"{path}[{index}]") for index, item in enumerate(raw))


def _object(raw: Any, path: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _refuse(raw, path, "an object")
    return raw


def _objects(raw: Any, path: str) -> list[dict[str, Any]]:
    if not isinstance(raw, list):
        raise _refuse(raw, path, "an array of objects")
    return [_object(item, f"{path}[{index}]") for index, item in enumerate(raw)]


_READERS: dict[Kind, Callable[[Any, str], Any]] = {
    Kind.STRING: _string,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.STRINGS: _strings,
    Kind.OBJECT: _object,
    Kind.OBJECTS: _objects,
    Kind.ANY: lambda raw, _: raw,
}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
