"""The configuration as a JSON Schema (draft 2020-12), for editors and for checks before a rollout.

It is stricter than the plugin where that understands a slip and reports it: unknown keys, numbers in quotes. It says
nothing of what no schema can: whether an expression compiles, or an id is in the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING
from typing import Any, Final

from ai_proxy.config.schema import ALWAYS, default_of, json_name, keys_of, rules_of
from ai_proxy.config.settings import Settings
from ai_proxy.configuration import KEYS
from ai_proxy.providers import ROWS
from ai_proxy.providers.checking import OF_THE_CONSOLE, rules_of_row
from ai_proxy.providers.row import Row
from proxywasm.core.rules import MATCH_KEYS, RULES

from . import describe, rule_schema, value_schema
from .value_schema import NULL, Schema

_COMMENTS: Final[Schema] = {"^_": True}


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
    provider: Schema = {"description": KEYS["provider"], "anyOf": [NULL, {"$ref": "#/$defs/provider"}]}
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
    common = {json_name(Settings, name): value_schema.value(Settings, name) for name in keys_of(Settings)}
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
        rules += [
            schema for rule in rules_of_row(row) if (schema := rule_schema.rule(kind, rule, row.when)) is not None
        ]
    title = {"title": f"{rows[0].name}: {rows[0].title}"} if rows[0].title else {}
    return {**title, **closed, "properties": properties, **({"allOf": rules} if rules else {})}


def _closed(kind: type[Any], known: AbstractSet[str] = frozenset()) -> Schema:
    """An object with the keys of a settings class; those in `known` are described elsewhere."""
    properties: Schema = {}
    for name, entry in keys_of(kind).items():
        properties[json_name(kind, name)] = True if name in known else value_schema.value(kind, name)
        for alias in entry.aliases:
            properties[alias] = {**value_schema.value(kind, name), "deprecated": True}
    required = [json_name(kind, name) for name in keys_of(kind) if default_of(kind, name) is MISSING]
    rules = [schema for rule in rules_of(kind) if (schema := rule_schema.rule(kind, rule, ALWAYS)) is not None]
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": properties,
        "patternProperties": _COMMENTS,
        "additionalProperties": False,
        **({"allOf": rules} if rules else {}),
    }
