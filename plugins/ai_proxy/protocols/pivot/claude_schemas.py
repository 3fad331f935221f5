"""Schemas for Claude's structured outputs: the part of JSON Schema that it accepts.

Source: platform.claude.com, "Structured outputs", "JSON Schema limitations". Keywords that are not supported move into
the description, where the model reads them.
"""

from __future__ import annotations

from typing import Any, Final

from ...wire.json import Json, dumps

_KEPT: Final = frozenset({"$ref", "type", "title", "enum", "const", "default", "required"})
_DROPPED: Final = frozenset({"$schema", "$id", "description", "additionalProperties", "properties"})
_OF_NAMES: Final = ("properties", "$defs", "definitions")
_OF_LISTS: Final = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)  # fmt: skip

Waiting = list[tuple[Any, Json]]


def strict(schema: Json) -> Json:
    """The schema as Claude accepts it. Not recursive, because schemas may be nested deeply."""
    root: Json = {}
    waiting: Waiting = [(schema, root)]
    while waiting:
        given, made = waiting.pop()
        if isinstance(given, dict):
            _convert(given, made, waiting)
    return root


def instruction(schema: Json) -> str:
    """The sentence that asks a model without structured outputs for an answer of this schema."""
    return f"Answer only with JSON that matches this JSON Schema, without any other text: {dumps(schema)}"


def _convert(given: Json, made: Json, waiting: Waiting) -> None:
    notes: list[str] = []
    for name, value in given.items():
        if name in _OF_NAMES and isinstance(value, dict):
            made[name] = {key: _later(inner, waiting) for key, inner in value.items()}
        elif name in _OF_LISTS and isinstance(value, list):
            made.setdefault(_OF_LISTS[name], []).extend(_later(inner, waiting) for inner in value)
        elif name == "items" and isinstance(value, dict):
            made[name] = _later(value, waiting)
        elif name in _KEPT or _is_supported(name, value):
            made[name] = value
        elif name not in _DROPPED:
            notes.append(f"{name}: {dumps(value)}")
    if _is_object(given):
        made["additionalProperties"] = False
    description = given.get("description")
    texts = [description] if isinstance(description, str) and description else []
    if notes:
        texts.append(f"({', '.join(notes)})")
    if texts:
        made["description"] = " ".join(texts)


def _later(given: Any, waiting: Waiting) -> Json:
    made: Json = {}
    waiting.append((given, made))
    return made


def _is_supported(name: str, value: Any) -> bool:
    return (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1))


def _is_object(schema: Json) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema
