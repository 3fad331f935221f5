"""Keys as tables in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from ..declaration import Declared, declaration, json_name, keys_of
from ..keys import Key
from ..rules import ALWAYS, Exclusive, NoEffect, Required
from . import describe

_NOTHING: Final[Mapping[str, str]] = {}


def page(settings: Declared) -> str:
    """A table of the keys, and one for each kind of object inside."""
    objects = describe.nested(settings)
    parts = [_introduced(settings, objects)]
    parts += [f"### {name}\n\n{_introduced(kind, objects)}" for kind, name in objects.items()]
    return "\n".join(parts)


def keys_table(settings: Declared, names: Iterable[str] | None = None, defaults: Mapping[str, str] = _NOTHING) -> str:
    """By default of all keys. `defaults` are shown instead of the declared ones."""
    rows = (
        (_name(settings, name), _type(settings, name), _default(settings, name, defaults), _meaning(settings, name))
        for name in (keys_of(settings) if names is None else names)
    )
    return table(_HEAD, rows)


_HEAD: Final = ("key", "type", "default", "meaning")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    lines += [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _introduced(settings: Declared, objects: Mapping[Declared, str]) -> str:
    declared = declaration(settings)
    rows = []
    for name, entry in declared.keys.items():
        more = [_meaning(settings, name), *_limits(entry)]
        if entry.keys is not None:
            more.append(f"see {objects[entry.keys]}")
        meaning = "; ".join(part for part in more if part)
        rows.append((_name(settings, name), _type(settings, name), _default(settings, name, _NOTHING), meaning))
    rules = [f"- {line}\n" for rule in declared.rules if (line := _rule(settings, rule))]
    parts = [f"{declared.doc}\n" if declared.doc else "", table(_HEAD, rows), "".join(rules)]
    return "\n".join(part for part in parts if part)


def _name(settings: Declared, name: str) -> str:
    return f"`{json_name(settings, name)}`"


def _type(settings: Declared, name: str) -> str:
    return keys_of(settings)[name].kind.value


def _limits(entry: Key) -> Iterator[str]:
    if allowed := entry.choices or entry.names:
        yield f"one of {', '.join(f'`{one}`' for one in allowed)}"
    if entry.minimum is not None:
        yield f"at least {entry.minimum}"
    if entry.maximum is not None:
        yield f"at most {entry.maximum}"
    if entry.length is not None:
        yield f"{entry.length} characters"
    yield from (pattern.message for pattern in entry.patterns)
    if entry.secret:
        yield "secret"


def _rule(settings: Declared, rule: object) -> str:
    """A sentence for a rule that refuses a configuration. `NoEffect` is described with its keys."""
    names = declaration(settings).names
    match rule:
        case Required(name, when, why):
            sometimes = f" {describe.condition(settings, when)}" if when != ALWAYS else ""
            return f"`{names[name]}` is required{why or sometimes}."
        case Exclusive(name, other, why):
            return f"`{names[name]}` cannot be combined with `{names[other]}`{why}."
        case _:
            return ""


def _meaning(settings: Declared, name: str) -> str:
    declared = declaration(settings)
    entry = declared.keys[name]
    parts = [describe.sentence(entry)]
    for rule in declared.rules:
        if isinstance(rule, NoEffect) and name in rule.names and not rule.even_default:
            parts.append(f"no effect {describe.condition(settings, rule.when)}".strip())
    if entry.aliases:
        parts.append(f"also called {', '.join(f'`{alias}`' for alias in entry.aliases)}")
    return "; ".join(part for part in parts if part)


def _default(settings: Declared, name: str, defaults: Mapping[str, str]) -> str:
    if declaration(settings).is_required(name):
        return "required"
    if name in defaults:
        return f"`{defaults[name]}`"
    value = describe.default(settings, name)
    return "" if value in (None, "", [], {}) else f"`{value if isinstance(value, str) else json.dumps(value)}`"
