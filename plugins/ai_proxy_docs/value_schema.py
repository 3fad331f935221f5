"""One key of the configuration as a JSON Schema."""

from __future__ import annotations

from dataclasses import MISSING
from typing import Any, Final, TypeAlias

from ai_proxy.config.schema import Key, Kind, default_of, keys_of

from . import describe

Schema: TypeAlias = dict[str, Any]

NULL: Final[Schema] = {"type": "null"}


def value(kind: type[Any], name: str) -> Schema:
    entry = keys_of(kind)[name]
    required = default_of(kind, name) is MISSING
    schema: Schema = {"description": describe.sentence(entry)}
    schema |= _typed(entry) if required else _or_null(_typed(entry))
    if required and entry.kind is Kind.STRING and not entry.choices:
        schema["minLength"] = 1
    default = describe.default(kind, name)
    if default not in (None, "", [], {}):
        schema["default"] = default
    if entry.example is not None:
        schema["examples"] = [entry.example]
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


def _typed(entry: Key) -> Schema:
    match entry.kind:
        case Kind.STRING:
            return {"enum": list(entry.choices)} if entry.choices else _text(entry)
        case Kind.BOOLEAN:
            return {"type": "boolean"}
        case Kind.INTEGER:
            limits = {"minimum": entry.minimum, "maximum": entry.maximum}
            return {"type": "integer", **{name: limit for name, limit in limits.items() if limit is not None}}
        case Kind.STRINGS:
            return {"type": "array", "items": {"enum": list(entry.names)} if entry.names else _text(entry)}
        case Kind.STRING_MAP:
            return {"type": "object", **_names(entry), "additionalProperties": _text(entry)}
        case Kind.BOOLEAN_MAP:
            return {"type": "object", **_names(entry), "additionalProperties": {"type": "boolean"}}
        case Kind.OBJECT:
            return {"$ref": f"#/$defs/{entry.keys.__name__}"} if entry.keys else {"type": "object"}
        case Kind.OBJECTS:
            assert entry.keys is not None
            return {"type": "array", "items": {"$ref": f"#/$defs/{entry.keys.__name__}"}}
        case Kind.DOCUMENT:
            return {"type": ["string", "object"]}
        case Kind.ANY:
            return {"not": NULL}


def _names(entry: Key) -> Schema:
    return {"propertyNames": {"enum": list(entry.names)}} if entry.names else {}


def _text(entry: Key) -> Schema:
    schema: Schema = {"type": "string"}
    rules: list[Schema] = []
    for text in entry.texts:
        pattern = {"pattern": text.pattern}
        # `null` has no pattern, and must not fall under `not` for that.
        rules.append({"not": {"type": "string", **pattern}} if text.forbidden else pattern)
    if entry.length is not None:
        rules.append({"anyOf": [{"maxLength": 0}, {"minLength": entry.length, "maxLength": entry.length}]})
    for rule in rules:
        if rule.keys() & schema.keys():
            schema.setdefault("allOf", []).append(rule)
        else:
            schema |= rule
    return schema
