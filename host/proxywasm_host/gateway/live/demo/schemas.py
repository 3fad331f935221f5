"""Makes a value that a JSON Schema accepts, for arguments of tools and for structured output."""

from __future__ import annotations

from typing import Any, Final

_DEEPEST: Final = 8
_MOST: Final = 1000
"""Values: a small schema that refers to itself in many places would have millions."""
_ALTERNATIVES: Final = ("anyOf", "oneOf", "allOf")


def value(schema: Any, text: str) -> Any:
    """Strings are `text`, unless the schema lists what they may be."""
    return _Maker(schema if isinstance(schema, dict) else {}, text).value(schema, 0)


class _Maker:
    def __init__(self, root: dict[str, Any], text: str) -> None:
        self._root = root
        self._text = text
        self._left = _MOST

    def value(self, schema: Any, depth: int) -> Any:
        given = _resolved(schema, self._root)
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            return None
        if "const" in given:
            return given["const"]
        if isinstance(listed := given.get("enum"), list) and listed:
            return listed[0]
        for name in _ALTERNATIVES:
            if isinstance(choices := given.get(name), list) and choices:
                return self.value(choices[0], depth + 1)
        kind = given.get("type", "object" if "properties" in given else "string")
        if isinstance(kind, list):
            kind = kind[0] if kind else "string"
        return self._of_kind(kind, given, depth) if isinstance(kind, str) else self._text

    def _of_kind(self, kind: str, given: dict[str, Any], depth: int) -> Any:
        if kind == "object":
            properties = given.get("properties")
            properties = properties if isinstance(properties, dict) else {}
            return {name: self.value(wanted, depth + 1) for name, wanted in properties.items() if self._left > 0}
        if kind == "array":
            least = given.get("minItems")
            return [self.value(given.get("items"), depth + 1)] if isinstance(least, int) and least else []
        if kind in {"integer", "number"}:
            least = given.get("minimum")
            return least if isinstance(least, (int, float)) else 1 if kind == "integer" else 1.5
        return {"boolean": True, "null": None}.get(kind, self._text)


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
