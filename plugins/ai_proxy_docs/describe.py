"""Keys and conditions in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING
from typing import Any

from ai_proxy.config.schema import All, Condition, Given, Is, Key, Not, default_of, json_name, keys_of
from ai_proxy.providers.row import Row


def nested(settings: type[Any]) -> Iterator[type[Any]]:
    """The settings classes of objects inside."""
    for entry in keys_of(settings).values():
        if entry.keys is not None:
            yield entry.keys


def default(kind: type[Any], name: str) -> Any:
    """The default as JSON; None if there is none."""
    entry = keys_of(kind)[name]
    value = entry.shown if entry.shown is not None else default_of(kind, name)
    if value is MISSING:
        return None
    return list(value) if isinstance(value, tuple) else value


def sentence(entry: Key) -> str:
    return f"{entry.doc}{f' ({_UNITS[entry.unit]})' if entry.unit else ''}"


_UNITS = {"ms": "milliseconds", "s": "seconds", "tokens": "tokens"}


def condition(kind: type[Any], what: Condition) -> str:
    """For example "with `apiTokens`" or "unless `botType: Workflow`"."""
    match what:
        case Given(name):
            return f"with `{json_name(kind, name)}`"
        case Is(name, value):
            return f"with `{json_name(kind, name)}: {_plain(value)}`"
        case Not(Given(name)):
            return f"without `{json_name(kind, name)}`"
        case Not(Is(name, bool() as value)):
            return condition(kind, Is(name, not value))
        case Not(Is(name, value)):
            return f"unless `{json_name(kind, name)}: {_plain(value)}`"
        case Not(of):
            return f"not {condition(kind, of)}"
        case All(several):
            return " and ".join(condition(kind, one) for one in several)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def mode(row: Row) -> str:
    """What selects this row of several."""
    usual = isinstance(row.when, Is) and default_of(row.settings, row.when.name) == row.when.value
    return condition(row.settings, row.when) + (" (default)" if usual else "")
