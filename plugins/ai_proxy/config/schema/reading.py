"""From a JSON object to an instance of a settings class, with all that is wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from proxywasm import ConfigError

from .between import apply_rules
from .keys import Key, Kind, json_name, keys_of, rules_of
from .problems import Fault, Findings, Problem, did_you_mean
from .values import Wrong, checked

Settings = TypeVar("Settings")

Stranger = Callable[[str], str]
"""What is to be said of a key that the settings class does not have; empty: nothing special."""


def read(
    settings: type[Settings],
    document: dict[str, Any],
    path: str,
    problems: list[Problem],
    stranger: Stranger | None = None,
) -> Settings | None:
    """Check a JSON object. None if something in `problems`, to which all findings are added, refuses it.

    A missing key and `null` are the same, unless any JSON value will do. As in the original, numbers and switches may
    also be given as strings, and one string stands for a list of one; any other wrong type is refused. Keys that begin
    with `_` are comments.
    """
    findings = Findings(problems)
    known = keys_of(settings)
    values: dict[str, Any] = {}
    for item in fields(settings):  # type: ignore[arg-type]  # a dataclass; there is no bound that says so
        entry = known[item.name]
        name = json_name(settings, item.name)
        nothing = MISSING if entry.kind is Kind.ANY else None
        given = [one for one in (name, *entry.aliases) if document.get(one, nothing) is not nothing]
        if given:
            where = f"{path}.{given[0]}"
            values[item.name] = _value(entry, document[given[0]], where, findings, required=_is_required(item))
            for other in given[1:]:
                findings.report(
                    Fault.IDLE, f"{path}.{other}", f"has no effect beside {name}, of which it is another name"
                )
            if given[0] != name:
                findings.report(Fault.ALIAS, f"{path}.{given[0]}", f"understood; it is called {name}")
        elif _is_required(item):
            findings.report(Fault.WRONG, f"{path}.{name}", f"is required: {entry.doc}")
        elif entry.expected:
            findings.report(Fault.IDLE, f"{path}.{name}", f"is missing: {entry.expected}")
    names = [json_name(settings, name) for name in known]
    passed_over = {*names, *(alias for entry in known.values() for alias in entry.aliases)}
    for name in document:
        if name not in passed_over and not name.startswith("_"):
            text = (stranger(name) if stranger else "") or f"unknown key, ignored{did_you_mean(name, names)}"
            findings.report(Fault.IGNORED, f"{path}.{name}", text)
    if findings.refused:
        return None
    result = settings(**values)
    found_fields = {name for name in values if document.get(json_name(settings, name)) is not None}
    own = apply_rules(rules_of(settings), result, found_fields, path)
    problems += own
    return None if any(problem.refuses for problem in own) else result


def _is_required(item: Any) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _value(entry: Key, raw: Any, path: str, findings: Findings, *, required: bool) -> Any:
    """None when it is refused."""
    try:
        value = checked(entry, raw, path, findings, required=required)
        if entry.keys is not None:
            return _nested(entry, entry.keys, value, path, findings)
        return entry.convert(value, path) if entry.convert else value
    except Wrong as wrong:
        findings.report(Fault.WRONG, wrong.path, wrong.text)
    except ConfigError as error:
        # A converter has said where as well.
        where, _, text = str(error).partition(": ")
        findings.report(Fault.REFUSED, where, text)
    return None


def _nested(entry: Key, keys: type[Any], value: Any, path: str, findings: Findings) -> Any:
    if entry.kind is Kind.OBJECTS:
        items = [read(keys, item, f"{path}[{index}]", findings.problems) for index, item in enumerate(value)]
        findings.refused |= any(item is None for item in items)
        return tuple(items)
    nested = read(keys, value, path, findings.problems)
    findings.refused |= nested is None
    return nested
