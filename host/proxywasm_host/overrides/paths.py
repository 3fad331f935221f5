"""Dotted paths into an exchange, such as `request.headers.:path` and `response.body.0.usage`."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from .. import bodies
from ..bodies import JsonBody, SseBody

Path: TypeAlias = tuple[str, ...]


def parse(text: str) -> Path:
    return tuple(text.split("."))


def look_up(value: Any, path: Path) -> Any:
    """What is at a path; None if nothing is there."""
    for index, step in enumerate(path):
        if isinstance(value, dict):
            if step not in value and (name := ".".join(path[index:])) in value:
                return value[name]  # a key with dots in it, such as the name of a model
            value = value.get(step)
            if step == "body" and value is not None:
                value = _value(bodies.parse(bodies.join(value)), inside=index + 1 < len(path))
            elif step == "headers" and index + 1 < len(path):
                name = ".".join(path[index + 1 :])
                return next((text for key, text in value or [] if key.lower() == name), None)
        elif isinstance(value, list) and step.lstrip("-").isdigit() and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def compose(raw: Any, template: str) -> str | None:
    """The template with what is at the paths in its braces. None if something that is named is not there."""
    found = {name: _text(raw, parse(name)) for name in re.findall(r"\{([^{}]+)\}", template)}
    if any(value is None for value in found.values()):
        return None
    return re.sub(r"\{([^{}]+)\}", lambda match: str(found[match[1]]), template)


def _text(raw: Any, path: Path) -> str | None:
    """What is at a path, as text; a whole body as it came."""
    if path[-1] == "body":
        message = look_up(raw, path[:-1])
        body = message.get("body") if isinstance(message, dict) else None
        return None if body is None else bodies.join(body).decode(errors="replace")
    value = look_up(raw, path)
    return None if value is None else bodies.compact(value)


def _value(body: bodies.Body, *, inside: bool) -> Any:
    if inside and isinstance(body, SseBody):
        return [event.data for event in body.events]
    return body.value if isinstance(body, JsonBody) else bodies.unparse(body)
