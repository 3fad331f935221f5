"""The configuration as a JSON Schema (draft 2020-12), for editors and for checks before a rollout.

It is stricter than the plugin, which accepts unknown keys and numbers in quotes with a warning. It does not check what
a schema cannot express, for example whether an expression compiles or an id exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ai_proxy.config.settings import Settings
from ai_proxy.config.settings.routing import RoutingSettings
from ai_proxy.configuration import KEYS
from ai_proxy.providers import ROWS
from ai_proxy.providers.checking import OF_THE_CONSOLE, rules_of_row
from ai_proxy.providers.row import Row
from proxywasm.config import Declared, json_name, keys_of
from proxywasm.config.generate import describe, rule_schema, value_schema
from proxywasm.config.generate import document as parts
from proxywasm.config.generate.value_schema import NULL, Schema
from proxywasm.core.rules import MATCH_KEYS, RULES


def document(rows: Sequence[Row] = ROWS) -> Schema:
    """The schema of the whole configuration."""
    defined = describe.nested(Settings, RoutingSettings, *(row.settings for row in rows))
    defined = {RoutingSettings: RoutingSettings.__name__, **defined}
    nested = {name: parts.closed(kind, defined) for kind, name in defined.items()}
    names = sorted({row.name for row in rows})
    types = {name: _of_type([row for row in rows if row.name == name], defined) for name in names}
    rule = _outer({name: parts.strings(parts.MATCH[name]) for name in MATCH_KEYS})
    rule["anyOf"] = parts.some_condition()
    rules = {"description": "Other settings for some of the requests.", "type": ["array", "null"]}
    return {
        "$schema": parts.DRAFT,
        "title": "Configuration of ai-proxy",
        "description": "Clients use one protocol, such as OpenAI's; the gateway calls the configured model service.",
        **_outer({RULES: {**rules, "items": {"$ref": "#/$defs/rule"}}}),
        "$defs": {"provider": _provider(types, defined), "rule": rule, **types, **nested},
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
            "routing": {"description": KEYS["routing"]},
            "$schema": True,
            **more,
        },
        "patternProperties": parts.COMMENTS,
        "additionalProperties": False,
        # If there is a `provider`, the other keys have no effect, whatever their values.
        "if": {"required": ["provider"], "properties": {"provider": {"type": "object"}}},
        "else": {
            "properties": {
                "providers": listed,
                "activeProviderId": {"type": ["string", "null"]},
                "routing": {"anyOf": [NULL, {"$ref": f"#/$defs/{RoutingSettings.__name__}"}]},
            }
        },
    }


def _provider(types: dict[str, Schema], defined: Mapping[Declared, str]) -> Schema:
    """A provider object: the common keys, and by `type` a reference to the schema of that type."""
    common = {json_name(Settings, name): value_schema.value(Settings, name, defined) for name in keys_of(Settings)}
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


def _of_type(rows: list[Row], defined: Mapping[Declared, str]) -> Schema:
    """The keys and rules of one provider type; common keys are allowed without a schema of their own."""
    kind: type[Any] = rows[0].settings
    closed = parts.closed(kind, defined, known=set(keys_of(Settings)))
    properties = {**closed["properties"], **dict.fromkeys(sorted(OF_THE_CONSOLE), True)}
    rules = list(closed.get("allOf", []))
    for row in rows:
        rules += [
            schema for rule in rules_of_row(row) if (schema := rule_schema.rule(kind, rule, row.when)) is not None
        ]
    title = {"title": f"{rows[0].name}: {rows[0].title}"} if rows[0].title else {}
    return {**title, **closed, "properties": properties, **({"allOf": rules} if rules else {})}
