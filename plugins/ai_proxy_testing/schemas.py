"""Schemas: JSON Schema of a tool, and Google's dialect."""

from __future__ import annotations

from typing import Any, Final

from .problems import Checker, Json

_GOOGLES: Final = {
    "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required",
    "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering",
    "default", "items", "minimum", "maximum",
}  # fmt: skip
_FORMATS: Final = {"STRING": {"enum", "date-time"}, "NUMBER": {"float", "double"}, "INTEGER": {"int32", "int64"}}
_TYPES: Final = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"}


def of_tool(check: Checker, schema: Any, path: str) -> None:
    """The schema of a tool's parameters is that of an object.

    Source: platform.openai.com, "Function calling"; and the error "object schema missing properties".
    """
    schema = check.object(schema, path)
    if "$ref" in schema or "anyOf" in schema or "oneOf" in schema or "allOf" in schema:
        return
    check.need(schema.get("type") == "object", f"{path}.type", "must be object")
    check.need(isinstance(schema.get("properties"), dict), f"{path}.properties", "must be an object")


def googles(check: Checker, schema: Any, path: str) -> None:
    """Source: ai.google.dev/api/caching#Schema; and the errors of the API."""
    if not check.need(isinstance(schema, dict), path, "must be a schema"):
        return
    check.keys(schema, path, _GOOGLES)
    if "anyOf" in schema:
        check.need(set(schema) <= {"anyOf", "title", "description", "nullable"}, path, "anyOf must be the only field")
        for place, option in check.objects(schema["anyOf"], f"{path}.anyOf"):
            googles(check, option, place)
        return
    kind = schema["type"].upper() if isinstance(schema.get("type"), str) else ""
    if not check.one_of(kind, f"{path}.type", _TYPES):
        return
    if "format" in schema:
        check.one_of(schema["format"], f"{path}.format", _FORMATS.get(kind, set()))
    if "enum" in schema:
        check.need(kind == "STRING", f"{path}.enum", "is only allowed for STRING")
        check.need(all(isinstance(one, str) and one for one in schema["enum"]), f"{path}.enum", "must be texts")
    if kind == "ARRAY":
        googles(check, schema.get("items"), f"{path}.items")
    if kind == "OBJECT":
        _properties(check, schema, path)


def _properties(check: Checker, schema: Json, path: str) -> None:
    properties = schema.get("properties")
    check.need(isinstance(properties, dict) and properties, f"{path}.properties", "should be non-empty for OBJECT")
    for name, inner in (properties if isinstance(properties, dict) else {}).items():
        googles(check, inner, f"{path}.properties.{name}")
    for name in schema.get("required", []):
        check.need(name in (properties or {}), f"{path}.required", f"{name!r} is no property")
