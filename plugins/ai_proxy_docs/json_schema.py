"""The configuration as a JSON Schema (draft 2020-12), for editors and for checks before a rollout.

It is stricter than the plugin where that understands a slip and reports it: unknown keys, numbers in quotes. It says
nothing of what no schema can: whether an expression compiles, or an id is in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING
from typing import Any, Final

from ai_proxy.checking import OF_THE_CONSOLE, rules_of_row
from ai_proxy.config import KEYS
from ai_proxy.provider import Row
from ai_proxy.providers import ROWS
from ai_proxy.schema import (
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
    rules_of,
)
from ai_proxy.settings import Settings
from proxywasm.rules import MATCH_KEYS, RULES

from . import describe

Schema = dict[str, Any]

_COMMENTS: Final[Schema] = {"^_": True}
_NULL: Final[Schema] = {"type": "null"}


def document(rows: Sequence[Row] = ROWS) -> Schema:
    """The schema of the whole configuration."""
    nested = {kind.__name__: _closed(kind) for kind in describe.nested(Settings)}
    types = {name: _of_type([row for row in rows if row.name == name]) for name in sorted({row.name for row in rows})}
    rule = _outer({name: _strings(_MATCH[name]) for name in MATCH_KEYS})
    rule["anyOf"] = [{"required": [name], "properties": {name: {"minItems": 1}}} for name in MATCH_KEYS]
    rules = {"description": "Other settings for some of the requests.", "type": ["array", "null"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of ai-proxy",
        **_outer({RULES: {**rules, "items": {"$ref": "#/$defs/rule"}}}),
        "$defs": {"provider": _provider(types), "rule": rule, **types, **nested},
    }


_MATCH: Final = {
    "_match_route_": "Names of routes.",
    "_match_domain_": "Hosts; `*` may stand at one end.",
    "_match_service_": "Services, with or without port.",
    "_match_route_prefix_": "What names of routes begin with.",
}


def _outer(more: Schema) -> Schema:
    provider: Schema = {"description": KEYS["provider"], "anyOf": [_NULL, {"$ref": "#/$defs/provider"}]}
    listed: Schema = {"type": ["array", "null"], "items": {"$ref": "#/$defs/provider"}}
    return {
        "type": "object",
        "properties": {
            "provider": provider,
            "providers": {"description": KEYS["providers"]},
            "activeProviderId": {"description": KEYS["activeProviderId"]},
            "$schema": True,
            **more,
        },
        "patternProperties": _COMMENTS,
        "additionalProperties": False,
        # Beside `provider` the other keys have no effect, whatever they are.
        "if": {"required": ["provider"], "properties": {"provider": {"type": "object"}}},
        "else": {"properties": {"providers": listed, "activeProviderId": {"type": ["string", "null"]}}},
    }


def _strings(description: str) -> Schema:
    return {"description": description, "type": ["array", "null"], "items": {"type": "string"}}


def _provider(types: dict[str, Schema]) -> Schema:
    """One of several, by `type`; what all have in common stands here, and by name in each."""
    common = {json_name(Settings, name): _value(Settings, name) for name in keys_of(Settings)}
    common["type"] = {"description": keys_of(Settings)["type"].doc, "enum": list(types)}
    return {
        "type": "object",
        "required": ["type"],
        "properties": common,
        "allOf": [
            {"if": {"required": ["type"], "properties": {"type": {"const": name}}}, "then": {"$ref": f"#/$defs/{name}"}}
            for name in types
        ],
    }


def _of_type(rows: list[Row]) -> Schema:
    """What providers of one type have beside the common keys."""
    kind = rows[0].settings
    closed = _closed(kind, known=set(keys_of(Settings)))
    properties = {**closed["properties"], **dict.fromkeys(sorted(OF_THE_CONSOLE), True)}
    rules = list(closed.get("allOf", []))
    for row in rows:
        rules += [schema for rule in rules_of_row(row) if (schema := _rule(kind, rule, row.when)) is not None]
    title = {"title": f"{rows[0].name}: {rows[0].title}"} if rows[0].title else {}
    return {**title, **closed, "properties": properties, **({"allOf": rules} if rules else {})}


def _closed(kind: type[Any], known: AbstractSet[str] = frozenset()) -> Schema:
    """An object with the keys of a settings class; those in `known` are described elsewhere."""
    properties: Schema = {}
    for name, entry in keys_of(kind).items():
        properties[json_name(kind, name)] = True if name in known else _value(kind, name)
        for alias in entry.aliases:
            properties[alias] = {**_value(kind, name), "deprecated": True}
    required = [json_name(kind, name) for name in keys_of(kind) if default_of(kind, name) is MISSING]
    rules = [schema for rule in rules_of(kind) if (schema := _rule(kind, rule, ALWAYS)) is not None]
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": properties,
        "patternProperties": _COMMENTS,
        "additionalProperties": False,
        **({"allOf": rules} if rules else {}),
    }


# Values.


def _value(kind: type[Any], name: str) -> Schema:
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
        return {"anyOf": [_NULL, schema]}
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
            return {"type": "array", "items": _text(entry)}
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
            return {"not": _NULL}


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


# Rules between keys.


def _rule(kind: type[Any], rule: Rule, when: Condition) -> Schema | None:
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
