"""Google's dialect of schemas. What is not in it goes to another parameter, which takes JSON Schema.

Source: ai.google.dev/api/caching#Schema; and the errors of the API, for example "enum: only allowed for STRING type",
"enum[0]: cannot be empty", "items: missing field", "properties: should be non-empty for OBJECT type", "format: only
'enum' and 'date-time' are supported for STRING type".
"""

from __future__ import annotations

from typing import Any, Final

from ...wire.json import Json
from ...wire.lenient import is_number

KEYS: Final = frozenset(
    {
        "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required",
        "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering",
        "default", "items", "minimum", "maximum",
    }
)  # fmt: skip
"""The keys of Google's `Schema`."""

TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array", "object"})

_FORMATS: Final = {
    "string": frozenset({"enum", "date-time"}), "number": frozenset({"float", "double"}),
    "integer": frozenset({"int32", "int64"}),
}  # fmt: skip
_TEXTS: Final = ("title", "description", "pattern")
_COUNTS: Final = ("maxItems", "minItems", "minProperties", "maxProperties", "minLength", "maxLength")
_BESIDE_ANY_OF: Final = frozenset({"anyOf", "title", "description", "nullable"})


def is_googles(schema: Any) -> bool:
    """Whether a schema is in Google's dialect. Not recursive, because schemas may be nested deeply."""
    waiting = [schema]
    while waiting:
        schema = waiting.pop()
        if not isinstance(schema, dict) or not schema.keys() <= KEYS or not _is_fit(schema):
            return False
        waiting += schema.get("anyOf", ())
        waiting += schema.get("properties", {}).values()
        if "items" in schema:
            waiting.append(schema["items"])
    return True


def _is_fit(schema: Json) -> bool:
    """Whether the values of one schema are those that Google accepts, without those inside it."""
    for name in _TEXTS:
        if name in schema and not isinstance(schema[name], str):
            return False
    for name in _COUNTS:
        if name in schema and not is_number(schema[name]):
            return False
    if "anyOf" in schema:
        options = schema["anyOf"]
        return isinstance(options, list) and bool(options) and schema.keys() <= _BESIDE_ANY_OF
    given = schema.get("type")
    kind = given.lower() if isinstance(given, str) else ""
    if kind not in TYPES:
        return False
    if "format" in schema and schema["format"] not in tuple(_FORMATS.get(kind, ())):
        return False
    if "enum" in schema and not (kind == "string" and _are_texts(schema["enum"])):
        return False
    if (kind == "array") != ("items" in schema):
        return False
    if kind != "object":
        return not schema.keys() & {"properties", "required", "propertyOrdering"}
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return False
    return all(_are_names(schema.get(name, []), properties) for name in ("required", "propertyOrdering"))


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) and value for value in values)


def _are_names(names: Any, properties: Json) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) and name in properties for name in names)


def with_nullable(schema: Json) -> Json:
    """The schema with `nullable` for values that may be null, as Google's dialect has it and Pydantic has not.

    Vertex AI refuses an `anyOf` beside other keys, which is how Pydantic writes an `Optional`. Not recursive.
    """
    root: list[Any] = [schema]
    waiting: list[tuple[Any, Any]] = [(root, 0)]
    while waiting:
        place, key = waiting.pop()
        given = place[key]
        if not isinstance(given, dict):
            continue
        made = place[key] = _nullable(given)
        if isinstance(options := made.get("anyOf"), list):
            made["anyOf"] = [*options]
            waiting += [(made["anyOf"], index) for index in range(len(options))]
        if isinstance(properties := made.get("properties"), dict):
            made["properties"] = {**properties}
            waiting += [(made["properties"], name) for name in properties]
        if "items" in made:
            waiting.append((made, "items"))
    result: Json = root[0]
    return result


def _nullable(schema: Json) -> Json:
    """A copy of one schema, without the null in `anyOf`, `type` and `enum`."""
    made = {**schema}
    options, kinds = schema.get("anyOf"), schema.get("type")
    if isinstance(options, list):
        others = [option for option in options if not _is_null(option)]
        if len(others) < len(options) and len(others) == 1 and isinstance(others[0], dict):
            del made["anyOf"]
            made = {**others[0], **made, "nullable": True}
    elif isinstance(kinds, list) and "null" in kinds and len(kinds) == 2:
        made["type"] = next(kind for kind in kinds if kind != "null")
        made["nullable"] = True
    if made.get("nullable") is True:
        if isinstance(values := made.get("enum"), list):
            made["enum"] = [value for value in values if value is not None]
        if made.get("default", "") is None:
            del made["default"]
    return made


def _is_null(option: Any) -> bool:
    return isinstance(option, dict) and option.get("type") in ("null", "NULL")
