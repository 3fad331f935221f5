"""Reading an overrides file. Every mistake in it is told with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path as FilePath
from typing import Any, Final

from .. import bodies
from ..text_file import read_text
from . import paths
from .changes import Patch
from .programs import ProgramError, compiled
from .rules import Overrides, Rule

FILE_NAME: Final = "conformance_overrides.json"


class OverridesError(ValueError):
    """An overrides file cannot be used. The message says which file, which entry, and what is wrong."""


def find(exchange_file: FilePath) -> FilePath | None:
    """The overrides that belong to an exchange file: in its folder or the nearest one above."""
    for folder in exchange_file.resolve().parents:
        candidate = folder / FILE_NAME
        if candidate.is_file():
            return candidate
    return None


def load(path: FilePath) -> Overrides:
    """Raises `OverridesError`."""
    text = read_text(path, OverridesError)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise OverridesError(f"{path}: is not JSON: {error}") from None
    try:
        _keys(document, "the file", {"functions", "rules"})
        functions = _functions(document.get("functions", []))
        rules = tuple(_rule(item, f"rules.{index}", functions) for index, item in enumerate(document.get("rules", [])))
    except _Wrong as wrong:
        raise OverridesError(f"{path}: {wrong}") from None
    if len({rule.id for rule in rules}) != len(rules):
        raise OverridesError(f"{path}: two rules have the same id")
    return Overrides(rules, path)


class _Wrong(Exception):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


_PATCH_KEYS: Final = {
    "remove": ({"path"}, {"matching"}),
    "set": ({"path", "value"}, {"matching"}),
    "copy": ({"path", "from"}, {"matching"}),
    "compose": ({"path", "value"}, {"matching"}),
    "compute": ({"path", "value"}, {"matching"}),
    "compute_events": ({"value"}, {"path"}),
    "add": ({"path", "from"}, {"matching"}),
    "subtract": ({"path", "from"}, {"matching"}),
    "insert": ({"path", "value"}, {"event"}),
    "rename": ({"path", "to"}, {"matching"}),
    "append_event": ({"value"}, {"path", "event"}),
    "drop_events": ({"matching"}, {"path"}),
}
"""The keys that each operation must and may have."""


def _functions(value: Any) -> str:
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise _Wrong("functions", "expected an array of lines of jq")
    text = "\n".join(value)
    _program(text, ".", "functions")
    return text


def _rule(value: Any, where: str, functions: str) -> Rule:
    _keys(value, where, {"id", "reason", "when", "if", "patch"}, {"id", "reason", "when", "patch"})
    _keys(value["when"], f"{where}.when", None)
    when = {
        paths.parse(path): None if pattern is None else _pattern(pattern, f"{where}.when.{path}")
        for path, pattern in value["when"].items()
    }
    condition = _program(functions, value["if"], f"{where}.if") if "if" in value else ""
    if not isinstance(value["patch"], list):
        raise _Wrong(f"{where}.patch", "expected an array")
    patches = tuple(_patch(item, f"{where}.patch.{index}", functions) for index, item in enumerate(value["patch"]))
    return Rule(value["id"], value["reason"], when, patches, condition, functions)


def _patch(value: Any, where: str, functions: str) -> Patch:
    _keys(value, where, None)
    op = value.get("op")
    if op not in _PATCH_KEYS:
        raise _Wrong(f"{where}.op", f"expected one of {', '.join(_PATCH_KEYS)}, got {op!r}")
    needed, optional = _PATCH_KEYS[op]
    _keys(value, where, needed | optional | {"op"}, needed)
    matching = value.get("matching")
    path = _path(value.get("path", "downstream.body"), f"{where}.path")
    if op == "insert" and not path[-1].isdecimal():
        raise _Wrong(f"{where}.path", f"has to end in a number, not in {path[-1]!r}")
    return Patch(
        op,
        path,
        value.get("value"),
        value.get("event", ""),
        None if matching is None else _pattern(matching, f"{where}.matching"),
        _path(value["from"], f"{where}.from") if "from" in value else (),
        value.get("to", ""),
        _program(functions, value["value"], f"{where}.value") if op.startswith("compute") else "",
    )


def _path(value: Any, where: str) -> paths.Path:
    if not isinstance(value, str):
        raise _Wrong(where, f"expected a dotted path in quotes, got {bodies.compact(value)}")
    return paths.parse(value)


def _program(functions: str, text: Any, where: str) -> str:
    if not isinstance(text, str):
        raise _Wrong(where, f"expected a program of jq in quotes, got {bodies.compact(text)}")
    try:
        compiled(functions, text)
    except ProgramError as error:
        raise _Wrong(where, f"is not a program of jq: {error}") from None
    return text


def _keys(value: Any, where: str, known: set[str] | None, needed: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    if not isinstance(value, dict):
        raise _Wrong(where, "expected an object")
    for key in value:
        if known is not None and key not in known:
            raise _Wrong(where, f"no such key: {key!r}; there are {', '.join(sorted(known))}")
    if missing := sorted(needed - value.keys()):
        raise _Wrong(where, f"{missing[0]} is missing")


def _pattern(value: Any, where: str) -> re.Pattern[str]:
    if not isinstance(value, str):
        raise _Wrong(where, f"expected a regular expression in quotes, got {bodies.compact(value)}")
    try:
        return re.compile(value)
    except re.error as error:
        raise _Wrong(where, f"is not a regular expression: {error}") from None
