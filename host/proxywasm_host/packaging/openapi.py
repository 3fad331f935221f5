"""The settings of a plugin as a schema object of OpenAPI 3.0, in which Higress' console describes configurations.

It is made of the JSON Schema. OpenAPI 3.0 knows fewer words: definitions are put in the place of their references, and
rules about several keys are left out, so what it allows is more than what the plugin accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from proxywasm.config.generate.document import plugin_schema

from .settings import Declarations

Schema = dict[str, Any]
_KEPT: Final = (
    "title", "description", "default", "example", "enum", "format", "pattern", "minimum", "maximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "required", "deprecated", "writeOnly",
)  # fmt: skip
"""Words that mean the same in both."""
_DEEPEST: Final = 20
"""Definitions that contain themselves end here."""
_OWN: Final = "_"
"""Keys that begin with it are the gateway's: Higress writes them itself."""


def config_schema(name: str, declared: Declarations) -> Schema:
    """The `openAPIV3Schema` of `spec.yaml`. `scope` says where Higress lets a key be set."""
    if declared.settings is None:
        return {"type": "object"}
    document = plugin_schema(name, declared.settings, declared.rule)
    definitions = document.get("$defs", {})
    whole = _converted(document, definitions)
    rule = _converted(definitions["_rule"], definitions) if declared.rule is not None else {}
    of_whole, of_rule = _own_properties(whole), _own_properties(rule)
    properties = {
        key: {**schema, "scope": _scope(key in of_whole, key in of_rule)}
        for key, schema in {**of_rule, **of_whole}.items()
    }
    required = [key for key in document.get("else", document).get("required", ()) if key in of_whole]
    described = {"description": whole["description"]} if "description" in whole else {}
    return {
        "type": "object", **described, **({"required": required} if required else {}), "properties": properties,
    }  # fmt: skip


def _own_properties(schema: Schema) -> Schema:
    return {key: value for key, value in schema.get("properties", {}).items() if key[:1] not in (_OWN, "$")}


def _scope(in_whole: bool, in_rule: bool) -> str:
    if in_whole and in_rule:
        return "ALL"
    return "GLOBAL" if in_whole else "INSTANCE"


def _converted(schema: Any, definitions: Mapping[str, Schema], depth: int = 0) -> Schema:
    if not isinstance(schema, dict) or depth > _DEEPEST:  # `true`: anything
        return {}
    if "$ref" in schema:
        target = definitions[schema["$ref"].removeprefix("#/$defs/")]
        beside = {word: value for word, value in schema.items() if word != "$ref"}
        return {**_converted(target, definitions, depth + 1), **_converted(beside, definitions, depth)}
    found: Schema = {word: schema[word] for word in _KEPT if word in schema}
    if "const" in schema:
        found["enum"] = [schema["const"]]
    found |= _typed(schema.get("type"))
    if isinstance(found.get("enum"), list) and None in found["enum"]:
        found |= {"enum": [value for value in found["enum"] if value is not None], "nullable": True}
    if "properties" in schema:
        found["properties"] = {
            key: _converted(value, definitions, depth + 1) for key, value in schema["properties"].items()
        }
    if "items" in schema:
        found["items"] = _converted(schema["items"], definitions, depth + 1)
    if isinstance(more := schema.get("additionalProperties"), dict):
        found["additionalProperties"] = _converted(more, definitions, depth + 1)
    return found


def _typed(types: Any) -> Schema:
    """OpenAPI 3.0 has one type, and says apart from it whether null is allowed."""
    several = [types] if isinstance(types, str) else list(types or ())
    nullable = {"nullable": True} if "null" in several else {}
    several = [one for one in several if one != "null"]
    if not several:
        return {}
    if len(several) == 1:
        return {"type": several[0], **nullable}
    return {"anyOf": [{"type": one} for one in several], **nullable}
