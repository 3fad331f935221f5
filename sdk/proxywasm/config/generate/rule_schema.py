"""Rules about several keys as a JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..declaration import Declared, declaration
from ..keys import Key, Kind
from ..rules import ALWAYS, All, Condition, Exclusive, Given, Is, Not, Required, Rule
from .value_schema import NOT_BLANK, NULL, Schema


def rule(settings: Declared, rule: Rule, when: Condition = ALWAYS) -> Schema | None:
    """None for a rule that only warns. `when`: the rule holds only then."""
    match rule:
        case Required(name, condition):
            both = [one for one in (when, condition) if one != ALWAYS]
            then = _condition(settings, Given(name))
            return {"if": _condition(settings, All(tuple(both))), "then": then} if both else then
        case Exclusive(name, other):
            return {"not": _condition(settings, All((Given(name), Given(other))))}
        case _:  # `NoEffect` is a warning.
            return None


def _condition(settings: Declared, condition: Condition) -> Schema:
    match condition:
        case Given(name):
            return _given(settings, name)
        case Is(name, value):
            return _is(settings, name, value)
        case Not(of):
            return {"not": _condition(settings, of)}
        case All((one,)):
            return _condition(settings, one)
        case All(several):
            return {"allOf": [_condition(settings, one) for one in several]}


def _given(settings: Declared, name: str) -> Schema:
    declared = declaration(settings)
    entry = declared.keys[name]
    schema = _GIVEN[entry.kind](entry)
    if not declared.is_required(name) and declared.default(name):
        return _each(declared.names[name], entry, {"anyOf": [NULL, schema]})
    return _has(declared.names[name], entry, schema)


def _is(settings: Declared, name: str, value: Any) -> Schema:
    declared = declaration(settings)
    entry = declared.keys[name]
    if declared.default(name) == value:
        both: Schema = {"anyOf": [NULL, _trimmed(value)]} if entry.trim else {"enum": [_as_json(value), None]}
        return _each(declared.names[name], entry, both)
    return _has(declared.names[name], entry, _trimmed(value) if entry.trim else {"const": _as_json(value)})


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _trimmed(value: str) -> Schema:
    """The text with white space around it."""
    text = re.sub(r"[\\^$.|?*+()\[\]{}/]", r"\\\g<0>", value)
    return {"type": "string", "pattern": rf"^\s*{text}\s*$"}


def _has(name: str, entry: Key, value: Schema) -> Schema:
    """One of the key's names has such a value."""
    several = [{"required": [one], "properties": {one: value}} for one in (name, *entry.aliases)]
    return several[0] if len(several) == 1 else {"anyOf": several}


def _each(name: str, entry: Key, value: Schema) -> Schema:
    """Each of the key's names that is there has such a value."""
    return {"properties": dict.fromkeys((name, *entry.aliases), value)}


def _items(_: Key) -> Schema:
    return {"type": "array", "minItems": 1}


def _members(_: Key) -> Schema:
    return {"type": "object", "minProperties": 1}


def _not_zero(_: Key) -> Schema:
    return {"type": "number", "not": {"const": 0}}


_GIVEN: Final[dict[Kind, Callable[[Key], Schema]]] = {
    Kind.STRING: lambda entry: (
        {"type": "string", "pattern": NOT_BLANK} if entry.trim else {"type": "string", "minLength": 1}
    ),
    Kind.BOOLEAN: lambda _: {"const": True},
    Kind.INTEGER: _not_zero,
    Kind.NUMBER: _not_zero,
    Kind.STRINGS: _items,
    Kind.INTEGERS: _items,
    Kind.NUMBERS: _items,
    Kind.OBJECTS: _items,
    Kind.STRING_MAP: _members,
    Kind.BOOLEAN_MAP: _members,
    Kind.INTEGER_MAP: _members,
    Kind.NUMBER_MAP: _members,
    Kind.OBJECT_MAP: _members,
    # An object with declared keys is never empty: it has their defaults.
    Kind.OBJECT: lambda entry: {"type": "object"} if entry.keys is not None else _members(entry),
    Kind.DOCUMENT: lambda entry: {"type": ["string", "object"], **({} if entry.convert else {"minLength": 1})},
    Kind.ANY: lambda _: {"not": {"enum": [None, False, 0, "", [], {}]}},
}
"""By kind, the schema of a value that is not empty."""
