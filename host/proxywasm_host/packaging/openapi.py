"""The JSON Schema of a plugin's configuration as a schema object of OpenAPI 3.0, in which Higress' console describes
configurations.

OpenAPI 3.0 knows fewer words, and the result is structural, as Kubernetes has it: each value has one type, or may be
anything. Definitions are put in the place of their references. Conditions are left out, and the keys that depend on
them are all allowed. So what the result allows is more than what the plugin accepts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from proxywasm.core.rules import RULES

Schema = dict[str, Any]
_KEPT: Final = (
    "title", "description", "default", "enum", "format", "pattern", "minimum", "maximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems", "required", "deprecated", "writeOnly",
)  # fmt: skip
"""Words that mean the same in both."""
_DEEPEST: Final = 20
"""Definitions that contain themselves end here."""
_OWN: Final = ("_", "$")
"""Keys that begin with it are the gateway's or the editor's: Higress writes its own itself."""
_ANYTHING: Final = "x-kubernetes-preserve-unknown-fields"
_TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number"}


def config_schema(document: Schema | None) -> Schema:
    """The `openAPIV3Schema` of `spec.yaml`. `scope` says where Higress lets a key be set.

    `document`: the JSON Schema of the configuration. None: the plugin does not say what it is.
    """
    if document is None:
        return {"type": "object", _ANYTHING: True}
    definitions = document.get("$defs", {})
    whole = _properties(document, definitions)
    rule = _properties(document["properties"].get(RULES, {}).get("items", {}), definitions)
    properties = {
        key: {**schema, "scope": _scope(key in whole, key in rule)} for key, schema in {**rule, **whole}.items()
    }
    required = [key for key in document.get("else", document).get("required", ()) if key in whole]
    described = {"description": document["description"]} if "description" in document else {}
    return {
        "type": "object", **described, **({"required": required} if required else {}), "properties": properties,
    }  # fmt: skip


def _properties(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    found = _converted(schema, definitions).get("properties", {})
    return {key: value for key, value in found.items() if not key.startswith(_OWN)}


def _scope(in_whole: bool, in_rule: bool) -> str:
    if in_whole and in_rule:
        return "ALL"
    return "GLOBAL" if in_whole else "INSTANCE"


def _converted(schema: Any, definitions: Mapping[str, Schema], depth: int = 0) -> Schema:
    """`True` as a schema: anything."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {_ANYTHING: True}
    schema = _plain(schema, definitions)
    found: Schema = {word: schema[word] for word in _KEPT if word in schema}
    if "const" in schema:
        found["enum"] = [schema["const"]]
    if examples := schema.get("examples"):
        found["example"] = examples[0]
    found |= _typed(schema.get("type"), found)
    if "enum" in found:
        found["enum"] = [value for value in found["enum"] if value is not None]
    if found.get("type") == "object":
        found |= _of_object(schema, definitions, depth + 1)
    elif found.get("type") == "array":
        found["items"] = _converted(schema.get("items", True), definitions, depth + 1)
    return found


def _of_object(schema: Schema, definitions: Mapping[str, Schema], depth: int) -> Schema:
    properties = {key: _converted(value, definitions, depth) for key, value in _all_properties(schema, definitions)}
    if properties:
        return {"properties": properties}
    if isinstance(more := schema.get("additionalProperties"), dict):
        return {"additionalProperties": _converted(more, definitions, depth)}
    return {_ANYTHING: True}


def _plain(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The schema with what it refers to, and, if that may be null, as nullable."""
    if "$ref" in schema:
        beside = {word: value for word, value in schema.items() if word != "$ref"}
        return {**_plain(_target(schema, definitions), definitions), **beside}
    several = schema.get("anyOf", [])
    values = [one for one in several if one.get("type") != "null"]
    if len(values) == 1 and len(several) == 2:
        value = _plain(values[0], definitions)
        beside = {word: value for word, value in schema.items() if word != "anyOf"}
        types = value.get("type", [])
        return {**value, **beside, "type": [*([types] if isinstance(types, str) else types), "null"]}
    return schema


def _target(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    return definitions[schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema


def _all_properties(schema: Schema, definitions: Mapping[str, Schema]) -> Iterator[tuple[str, Any]]:
    """Those of an object, and those that it has under some condition."""
    properties: Schema = dict(schema.get("properties", {}))
    for branch in _branches(schema):
        for key, value in _target(branch, definitions).get("properties", {}).items():
            if key not in properties or properties[key] is True:
                properties[key] = value
            elif isinstance(value, dict) and not _has_type(properties[key]):
                properties[key] = {**value, **properties[key]}
            elif isinstance(value, dict) and key not in schema.get("properties", {}):
                # Two conditions have two keys of one name: what they have in common.
                properties[key] = {word: said for word, said in properties[key].items() if value.get(word) == said}
    yield from properties.items()


def _branches(schema: Schema) -> Iterator[Schema]:
    for one in (schema, *schema.get("allOf", ())):
        for word in ("then", "else"):
            if word in one:
                yield one[word]


def _has_type(schema: Schema) -> bool:
    return not {"type", "enum", "const", "$ref", "anyOf"}.isdisjoint(schema)


def _typed(types: Any, found: Schema) -> Schema:
    """OpenAPI 3.0 has one type, and says apart from it whether null is allowed."""
    values = found.get("enum", ())
    several = {types} if isinstance(types, str) else set(types or (_TYPES.get(type(value), "null") for value in values))
    nullable = {"nullable": True} if "null" in several or None in values else {}
    several.discard("null")
    return {"type": several.pop(), **nullable} if len(several) == 1 else {_ANYTHING: True, **nullable}
