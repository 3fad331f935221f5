"""Read a JSON object into an instance of a settings class, and collect all problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import MISSING
from typing import Any

from ..errors import ConfigError
from .declaration import Declaration, Declared, declaration, hides_value
from .keys import Key, Kind
from .problems import Fault, Findings, Invalid, Problem, Refusal, Salvage, did_you_mean, under
from .rules import Exclusive, Given, NoEffect, Required, Rule
from .salvaging import salvaged
from .values import checked

Stranger = Callable[[str], str]
"""From the name of an unknown key to the text of its warning; empty: the usual text."""


def read_object(
    settings: Declared,
    document: dict[str, Any],
    path: str,
    problems: list[Problem],
    *,
    lenient: bool = False,
    stranger: Stranger | None = None,
    salvage: Salvage | None = None,
) -> Any:
    """Check a JSON object, and add all problems to `problems`. None if one of them refuses the object.

    A missing key and `null` are the same, unless any JSON value will do. Keys that begin with `_` are comments.
    `lenient`: unknown keys are ignored; numbers and switches may be given as strings, an array of one string as that
    string, choices and names in another style. Each of these is a warning.
    `salvage`: wrong values refuse nothing, unless their key is required or essential. They are replaced by what this
    function makes of them, or else ignored, as are wrong items of arrays and objects. Each of these is a warning, too.
    """
    findings = Findings(problems, lenient=lenient, salvage=salvage)
    declared = declaration(settings)
    values = {
        field_name: value
        for field_name, entry in declared.keys.items()
        if (value := _read_key(declared, field_name, entry, document, path, findings)) is not MISSING
    }
    _report_strangers(declared, document, path, findings, stranger)
    if findings.refused:
        return None
    created = _created(settings, declared, values, path, findings)
    if findings.refused:
        return None
    given = {name for name in values if document.get(declared.names[name]) is not None}
    broken = apply_rules(settings, declared.rules, created, given, path)
    problems += broken
    return None if any(problem.refuses for problem in broken) else declared.result(created)


def _created(settings: Declared, declared: Declaration, values: dict[str, Any], path: str, findings: Findings) -> Any:
    """A class may check its values in `__post_init__`."""
    try:
        return declared.create(settings, values)
    except ConfigError as error:
        findings.report(Fault.REFUSED, path, str(error))
    except ValueError as error:
        secret = any(map(hides_value, declared.keys.values()))
        findings.report(Fault.REFUSED, path, "has values that do not fit together" if secret else str(error))
    return None


def apply_rules(
    settings: Declared, rules: Iterable[Rule], values: Any, given: Iterable[str], path: str
) -> list[Problem]:
    """Problems of several keys together. `given` are the fields that the document has, `values` has all fields."""
    problems: list[Problem] = []
    declared = declaration(settings)
    names = declared.names
    for rule in rules:
        match rule:
            case Required(name, when, why) if when(values) and not Given(name)(values):
                problems.append(Problem(Fault.WRONG, under(path, names[name]), f"is required{why}"))
            case Exclusive(name, other, why) if Given(name)(values) and Given(other)(values):
                text = f"cannot be combined with {names[other]}{why}"
                problems.append(Problem(Fault.WRONG, under(path, names[name]), text))
            case NoEffect(fields, why, when, even_default) if when(values):
                problems += [
                    Problem(Fault.IDLE, under(path, names[name]), f"has no effect: {why}")
                    for name in fields
                    if name in given and (even_default or getattr(values, name) != declared.default(name))
                ]
    return problems


def _read_key(
    declared: Declaration, field_name: str, entry: Key, document: dict[str, Any], path: str, findings: Findings
) -> Any:
    """`MISSING` if the document does not have it."""
    name, required = declared.names[field_name], declared.is_required(field_name)
    nothing = MISSING if entry.kind is Kind.ANY else None
    given = [one for one in (name, *entry.aliases) if document.get(one, nothing) is not nothing]
    if not given:
        if required:
            text = f"is required: {entry.doc}" if entry.doc else "is required"
            findings.report(Fault.WRONG, under(path, name), text)
        elif entry.expected:
            findings.report(Fault.IDLE, under(path, name), f"is missing: {entry.expected}")
        return MISSING
    raw, where = document[given[0]], under(path, given[0])
    if findings.salvage is None or entry.essential:
        value = _value(entry, raw, where, findings, required=required)
    else:
        value = salvaged(_value, findings.salvage, entry, raw, where, findings, required=required)
    for other in given[1:]:
        text = f"beside {name}, of which it is another name"
        if findings.lenient:
            findings.report(Fault.IDLE, under(path, other), f"has no effect {text}")
        else:
            findings.report(Fault.REFUSED, under(path, other), f"cannot be given {text}")
    if given[0] != name:
        findings.report(Fault.ALIAS, under(path, given[0]), f"understood; it is called {name}")
    return value


def _report_strangers(
    declared: Declaration, document: dict[str, Any], path: str, findings: Findings, stranger: Stranger | None
) -> None:
    names = list(declared.names.values())
    known = {*names, *(alias for entry in declared.keys.values() for alias in entry.aliases)}
    for name in document:
        if name in known or name.startswith("_"):
            continue
        where, hint = under(path, name), did_you_mean(name, names)
        if findings.lenient:
            special = stranger(name) if stranger else ""
            findings.report(Fault.IGNORED, where, special or f"unknown key, ignored{hint}")
        else:
            findings.report(Fault.WRONG, where, f"unknown key{hint}")


def _value(entry: Key, raw: Any, path: str, findings: Findings, *, required: bool) -> Any:
    """None when it is refused."""
    before = len(findings.problems)
    try:
        value = checked(entry, raw, path, findings, required=required)
    except Refusal as refusal:
        findings.add(refusal.problem)
        return None
    if entry.keys is not None:
        value = _nested(entry, entry.keys, value, path, findings)
    if any(problem.refuses for problem in findings.problems[before:]):
        return None
    return value if entry.convert is None else _converted(entry, entry.convert, value, path, findings)


def _converted(entry: Key, convert: Callable[[Any], Any], value: Any, path: str, findings: Findings) -> Any:
    try:
        return convert(value)
    except ConfigError as error:
        at = error.at if isinstance(error, Invalid) else ""
        findings.report(Fault.REFUSED, f"{path}{at}", str(error))
    except (ValueError, re.error) as error:
        # Errors of the standard library contain the value.
        findings.report(Fault.REFUSED, path, "has a wrong value" if hides_value(entry) else str(error))
    except Exception as error:
        if not hides_value(entry):
            raise
        # So would its traceback, which goes to the log.
        findings.report(Fault.REFUSED, path, f"has a wrong value: what converts it raised {type(error).__name__}")
    return None


def _nested(entry: Key, keys: Declared, value: Any, path: str, findings: Findings) -> Any:
    def read(item: dict[str, Any], where: str) -> Any:
        found = read_object(keys, item, where, findings.problems, lenient=findings.lenient, salvage=findings.salvage)
        findings.refused |= found is None
        return found

    match entry.kind:
        case Kind.OBJECTS:
            return tuple(read(item, f"{path}[{index}]") for index, item in enumerate(value))
        case Kind.OBJECT_MAP:
            return {name: read(item, under(path, name)) for name, item in value.items()}
        case _:
            return read(value, path)
