"""What holds between keys as a JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ai_proxy.config.schema import (
    ALWAYS,
    All,
    Apart,
    Condition,
    Given,
    Is,
    Key,
    Kind,
    Need,
    Not,
    Rule,
    default_of,
    json_name,
    keys_of,
)

from .value_schema import Schema


def rule(kind: type[Any], rule: Rule, when: Condition) -> Schema | None:
    match rule:
        case Need(name, condition):
            both = [one for one in (when, condition) if one != ALWAYS]
            then = _condition(kind, Given(name))
            return {"if": _condition(kind, All(tuple(both))), "then": then} if both else then
        case Apart(name, other):
            return {"not": _condition(kind, All((Given(name), Given(other))))}
        case _:  # What has no effect is no error.
            return None


def _condition(kind: type[Any], condition: Condition) -> Schema:
    match condition:
        case Given(name):
            return _has(json_name(kind, name), _GIVEN[keys_of(kind)[name].kind](keys_of(kind)[name]))
        case Is(name, value):
            written = json_name(kind, name)
            if default_of(kind, name) == value:
                return {"properties": {written: {"enum": [value, None]}}}
            return _has(written, {"const": value})
        case Not(of):
            return {"not": _condition(kind, of)}
        case All((one,)):
            return _condition(kind, one)
        case All(several):
            return {"allOf": [_condition(kind, one) for one in several]}


def _has(name: str, value: Schema) -> Schema:
    return {"required": [name], "properties": {name: value}}


_GIVEN: Final[dict[Kind, Callable[[Key], Schema]]] = {
    Kind.STRING: lambda entry: (
        {"type": "string", "pattern": r"\S"} if entry.trim else {"type": "string", "minLength": 1}
    ),
    Kind.STRINGS: lambda _: {"type": "array", "minItems": 1},
    Kind.BOOLEAN: lambda _: {"const": True},
    Kind.OBJECT: lambda _: {"type": "object"},
    Kind.DOCUMENT: lambda _: {"type": ["string", "object"]},
}
"""What a value is that is not empty."""
