"""Makes a value that a JSON Schema accepts, for arguments of tools and for structured output."""

from __future__ import annotations

from typing import Any, Final

_DEEPEST: Final = 8
_ALTERNATIVES: Final = ("anyOf", "oneOf", "allOf")


def value(schema: Any, text: str) -> Any:
    """Strings are `text`, unless the schema lists what they may be."""
    root = schema if isinstance(schema, dict) else {}
    return _value(schema, root, text, 0)


def _value(schema: Any, root: dict[str, Any], text: str, depth: int) -> Any:
    given = _resolved(schema, root)
    if depth > _DEEPEST:
        return None
    if "const" in given:
        return given["const"]
    if isinstance(listed := given.get("enum"), list) and listed:
        return listed[0]
    for name in _ALTERNATIVES:
        if isinstance(choices := given.get(name), list) and choices:
            return _value(choices[0], root, text, depth + 1)
    kind = given.get("type", "object" if "properties" in given else "string")
    if isinstance(kind, list):
        kind = kind[0] if kind else "string"
    if kind == "object":
        properties = given.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        return {name: _value(wanted, root, text, depth + 1) for name, wanted in properties.items()}
    if kind == "array":
        least = given.get("minItems")
        return [_value(given.get("items"), root, text, depth + 1)] if isinstance(least, int) and least else []
    if kind in {"integer", "number"}:
        least = given.get("minimum")
        return least if isinstance(least, (int, float)) else 1 if kind == "integer" else 1.5
    return {"boolean": True, "null": None}.get(kind, text) if isinstance(kind, str) else text


def _resolved(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    for _ in range(_DEEPEST):
        if not isinstance(schema, dict):
            return {}
        if not isinstance(reference := schema.get("$ref"), str):
            return schema
        schema = root
        for name in reference.removeprefix("#/").split("/"):
            schema = schema.get(name) if isinstance(schema, dict) else None
    return {}
