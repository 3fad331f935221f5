"""Settings as a JSON Schema (draft 2020-12), for editors and for checks before a rollout.

A schema cannot express whether a value can be converted. For settings that are read with `lenient` it is stricter than
the plugin, so that editors show slips of which the plugin only warns.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from ...core.rules import MATCH_KEYS, RULES
from ..declaration import Declared, declaration
from ..keys import Kind
from . import describe, rule_schema, value_schema
from .value_schema import NULL, Schema

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
COMMENTS: Final[Schema] = {"^_": True}
MATCH: Final = {
    "_match_route_": "Names of routes.",
    "_match_domain_": "Hosts; `*` may be at one end.",
    "_match_service_": "Services, with or without port.",
    "_match_route_prefix_": "Beginnings of names of routes.",
}
"""Descriptions of the conditions of a rule, by `MATCH_KEYS`."""


def settings_schema(settings: Declared) -> Schema:
    """The schema of one object with these settings."""
    defined = describe.nested(settings)
    root = closed(settings, defined)
    root["properties"] = {"$schema": True, **root["properties"]}
    title = declaration(settings).title
    return {**_head(settings, title), **root, **_defs({name: closed(kind, defined) for kind, name in defined.items()})}


def plugin_schema(name: str, settings: Declared, override: Declared | None) -> Schema:
    """The schema of the whole configuration of the plugin with this name, `_rules_` included.

    `override` are the settings that a rule has; None: a rule may have any keys.
    """
    defined = describe.nested(*(one for one in (settings, override) if one is not None))
    root = closed(settings, defined)
    # With rules the global part may be missing as a whole.
    only_rules = {"required": [RULES], "propertyNames": {"pattern": "^[_$]"}}
    conditions = {name: root.pop(name) for name in ("required", "allOf") if name in root}
    root["properties"] = {
        "$schema": True,
        **root["properties"],
        RULES: {
            "description": "Other settings for some of the requests.",
            "type": ["array", "null"],
            "items": {"$ref": "#/$defs/_rule"},
        },
    }
    if conditions:
        root |= {"if": only_rules, "else": conditions}
    parts = {"_rule": _rule(override, defined), **{title: closed(kind, defined) for kind, title in defined.items()}}
    return {**_head(settings, f"Configuration of {name}"), **root, **_defs(parts)}


def _rule(override: Declared | None, defined: Mapping[Declared, str]) -> Schema:
    schema: Schema = {"type": "object", "properties": {}} if override is None else closed(override, defined)
    schema["properties"] = {**{name: strings(MATCH[name]) for name in MATCH_KEYS}, **schema["properties"]}
    schema["anyOf"] = some_condition()
    return schema


def some_condition() -> list[Schema]:
    """A rule needs at least one condition."""
    return [{"required": [name], "properties": {name: {"minItems": 1}}} for name in MATCH_KEYS]


def strings(description: str) -> Schema:
    return {"description": description, "type": ["array", "null"], "items": {"type": "string"}}


def closed(settings: Declared, defined: Mapping[Declared, str], known: AbstractSet[str] = frozenset()) -> Schema:
    """An object with these keys and no others. Keys in `known` get no schema here, because it is elsewhere."""
    declared = declaration(settings)
    properties: Schema = {}
    required: list[str] = []
    conditions: list[Schema] = []
    for name, entry in declared.keys.items():
        written = declared.names[name]
        properties[written] = True if name in known else value_schema.value(settings, name, defined)
        for alias in entry.aliases:
            properties[alias] = {**value_schema.value(settings, name, defined), "deprecated": True}
        if declared.is_required(name) and entry.aliases:
            value = {} if entry.kind is Kind.ANY else {"not": NULL}
            names = (written, *entry.aliases)
            conditions.append({"anyOf": [{"required": [one], "properties": {one: value}} for one in names]})
        elif declared.is_required(name):
            required.append(written)
    conditions += [schema for rule in declared.rules if (schema := rule_schema.rule(settings, rule)) is not None]
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": properties,
        "patternProperties": COMMENTS,
        "additionalProperties": False,
        **({"allOf": conditions} if conditions else {}),
    }


def _head(settings: Declared, title: str) -> dict[str, Any]:
    doc = declaration(settings).doc
    return {"$schema": DRAFT, "title": title, **({"description": doc} if doc else {})}


def _defs(schemas: Schema) -> Schema:
    return {"$defs": schemas} if schemas else {}
