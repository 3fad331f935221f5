"""Keys and conditions in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from ..declaration import Declared, declaration, json_name, keys_of
from ..keys import Key
from ..rules import All, Condition, Given, Is, Not


def nested(*settings: Declared) -> dict[Declared, str]:
    """The declarations of all objects inside, at any depth, each with a name that no other has."""
    found: dict[Declared, str] = {}
    waiting = [entry.keys for one in settings for entry in keys_of(one).values()]
    while waiting:
        one = waiting.pop(0)
        if one is not None and one not in found:
            found[one] = _free_name(declaration(one).title, {*found.values()})
            waiting += [entry.keys for entry in keys_of(one).values()]
    return found


def _free_name(title: str, taken: set[str]) -> str:
    name, number = title, 1
    while name in taken:
        number += 1
        name = f"{title}{number}"
    return name


def default(settings: Declared, name: str) -> Any:
    """The default as JSON; None if there is none, or if it is not shown."""
    entry = keys_of(settings)[name]
    value = entry.shown if entry.shown is not None else declaration(settings).default(name)
    if value is MISSING or entry.secret:
        return None
    value = list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return value


def sentence(entry: Key) -> str:
    return f"{entry.doc} ({_UNITS.get(entry.unit, entry.unit)})" if entry.unit else entry.doc


_UNITS = {"ms": "milliseconds", "s": "seconds"}


def condition(settings: Declared, what: Condition) -> str:
    """For example "with `apiTokens`" or "unless `botType: Workflow`"."""
    match what:
        case Given(name):
            return f"with `{json_name(settings, name)}`"
        case Is(name, value):
            return f"with `{json_name(settings, name)}: {_plain(value)}`"
        case Not(Given(name)):
            return f"without `{json_name(settings, name)}`"
        case Not(Is(name, bool() as value)):
            return condition(settings, Is(name, not value))
        case Not(Is(name, value)):
            return f"unless `{json_name(settings, name)}: {_plain(value)}`"
        case Not(of):
            return f"not {condition(settings, of)}"
        case All(several):
            return " and ".join(condition(settings, one) for one in several)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
