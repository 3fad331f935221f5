"""One key of the configuration as a JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from ..declaration import Declared, declaration, keys_of
from ..keys import Key, Kind
from . import describe

Schema: TypeAlias = dict[str, Any]

NULL: Final[Schema] = {"type": "null"}

NOT_BLANK: Final = r"\S"


def value(settings: Declared, name: str, defined: Mapping[Declared, str]) -> Schema:
    """`defined`: the names of the schemas of objects inside."""
    entry = keys_of(settings)[name]
    required = declaration(settings).is_required(name)
    schema: Schema = {"description": text} if (text := describe.sentence(entry)) else {}
    # An older name may be given instead.
    schema |= _typed(entry, defined) if required and not entry.aliases else _or_null(_typed(entry, defined))
    if required and entry.kind is Kind.STRING and not entry.choices:
        schema |= {"pattern": NOT_BLANK} if entry.trim else {"minLength": 1}
    default = describe.default(settings, name)
    if default not in (None, "", [], {}):
        schema["default"] = default
    if entry.example is not None:
        schema["examples"] = [entry.example]
    if entry.secret:
        schema["writeOnly"] = True  # forms hide it, and nothing shows it again
    return schema


def _or_null(schema: Schema) -> Schema:
    """`null` stands for a missing key."""
    if "$ref" in schema:
        return {"anyOf": [NULL, schema]}
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if "type" not in schema:
        return schema
    given = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*given, "null"]}


def _typed(entry: Key, defined: Mapping[Declared, str]) -> Schema:
    match entry.kind:
        case Kind.STRING:
            return {"enum": list(entry.choices)} if entry.choices else _text(entry)
        case Kind.BOOLEAN | Kind.INTEGER | Kind.NUMBER:
            return _plain(entry)
        case Kind.STRINGS:
            return {"type": "array", "items": {"enum": list(entry.names)} if entry.names else _text(entry)}
        case Kind.INTEGERS | Kind.NUMBERS:
            return {"type": "array", "items": _plain(entry)}
        case Kind.STRING_MAP:
            return {"type": "object", **_names(entry), "additionalProperties": _text(entry)}
        case Kind.BOOLEAN_MAP | Kind.INTEGER_MAP | Kind.NUMBER_MAP:
            return {"type": "object", **_names(entry), "additionalProperties": _plain(entry)}
        case Kind.OBJECT:
            return _object(entry, defined) if entry.keys else {"type": "object"}
        case Kind.OBJECTS:
            return {"type": "array", "items": _object(entry, defined)}
        case Kind.OBJECT_MAP:
            return {"type": "object", **_names(entry), "additionalProperties": _object(entry, defined)}
        case Kind.DOCUMENT:
            return {"type": ["string", "object"]}
        case Kind.ANY:
            return {}


_PLAIN: Final = {
    Kind.BOOLEAN: "boolean", Kind.BOOLEAN_MAP: "boolean",
    Kind.INTEGER: "integer", Kind.INTEGERS: "integer", Kind.INTEGER_MAP: "integer",
    Kind.NUMBER: "number", Kind.NUMBERS: "number", Kind.NUMBER_MAP: "number",
}  # fmt: skip


def _plain(entry: Key) -> Schema:
    limits = {"minimum": entry.minimum, "maximum": entry.maximum}
    return {"type": _PLAIN[entry.kind], **{name: limit for name, limit in limits.items() if limit is not None}}


def _object(entry: Key, defined: Mapping[Declared, str]) -> Schema:
    assert entry.keys is not None
    return {"$ref": f"#/$defs/{defined[entry.keys]}"}


def _names(entry: Key) -> Schema:
    return {"propertyNames": {"enum": list(entry.names)}} if entry.names else {}


def _text(entry: Key) -> Schema:
    schema: Schema = {"type": "string"}
    rules: list[Schema] = []
    for pattern in entry.patterns:
        matches = {"pattern": pattern.expression}
        # `null` does not match a pattern either, so `not` alone would accept it.
        rules.append({"not": {"type": "string", **matches}} if pattern.forbidden else matches)
    if entry.length is not None:
        rules.append({"anyOf": [{"maxLength": 0}, {"minLength": entry.length, "maxLength": entry.length}]})
    for rule in rules:
        if rule.keys() & schema.keys():
            schema.setdefault("allOf", []).append(rule)
        else:
            schema |= rule
    return schema
