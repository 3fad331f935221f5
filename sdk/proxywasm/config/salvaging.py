"""Wrong values that refuse nothing: they are converted, or ignored, and both are warnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any, Final, NamedTuple, Protocol

from .declaration import hides_value
from .keys import MAPS, Key, Kind
from .problems import Fault, Findings, Problem, Salvage, got

_ARRAYS: Final = frozenset({Kind.STRINGS, Kind.INTEGERS, Kind.NUMBERS, Kind.OBJECTS})
_SCALARS: Final = frozenset({Kind.STRING, Kind.BOOLEAN, Kind.INTEGER, Kind.NUMBER})


class ReadValue(Protocol):
    """Reads the value of a key. Problems are added to the findings; None if one of them refuses it."""

    def __call__(self, entry: Key, raw: Any, path: str, findings: Findings, /, *, required: bool) -> Any: ...


class _Attempt(NamedTuple):
    value: Any
    problems: list[Problem]

    @property
    def refusals(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.refuses]


def salvaged(
    read: ReadValue, salvage: Salvage, entry: Key, raw: Any, path: str, findings: Findings, *, required: bool
) -> Any:
    """The value of a key, or what is usable of it; `MISSING` if nothing is.

    A required key needs a usable value, an object what is required in it, and so does a key for whose value `salvage`
    raises a `ValueError`.
    """

    def attempt(value: Any) -> _Attempt:
        own = Findings([], lenient=findings.lenient, salvage=salvage)
        return _Attempt(read(entry, value, path, own, required=required), own.problems)

    first = attempt(raw)
    if not first.refusals:
        findings.problems += first.problems
        return first.value
    try:
        converted = salvage(entry, raw)
    except ValueError:
        for problem in first.refusals:
            findings.add(problem)
        return None
    second = attempt(converted)
    left = {problem.path for problem in second.refusals}
    for problem in first.refusals:
        if problem.path not in left:
            findings.add(_warning(problem, Fault.SPELLING, f"understood{_shown(entry, converted)}"))
    if not left:
        findings.problems += second.problems
        return second.value
    usable, warnings = _usable_items(entry, converted, path, attempt)
    last = attempt(usable) if usable else None
    if last is not None and not last.refusals:
        findings.problems += warnings
        return last.value
    unusable = required or (entry.kind is Kind.OBJECT and isinstance(converted, dict))
    for problem in second.refusals:
        findings.add(problem if unusable else _warning(problem, Fault.IGNORED, "ignored"))
    return None if unusable else MISSING


def _usable_items(entry: Key, value: Any, path: str, attempt: Callable[[Any], _Attempt]) -> tuple[Any, list[Problem]]:
    """The items of an array or object that are accepted alone, and the warnings of all items."""
    warnings: list[Problem] = []

    def is_usable(item: Any, alone: str, place: str) -> bool:
        tried = attempt(item)
        for problem in tried.problems:
            placed = problem._replace(path=place + problem.path.removeprefix(alone))
            warnings.append(_warning(placed, Fault.IGNORED, "ignored") if problem.refuses else placed)
        return not tried.refusals

    if entry.kind in _ARRAYS and isinstance(value, list):
        usable = [item for at, item in enumerate(value) if is_usable([item], f"{path}[0]", f"{path}[{at}]")]
        return usable, warnings
    if entry.kind in MAPS | {Kind.OBJECT_MAP} and isinstance(value, dict):
        return {name: item for name, item in value.items() if is_usable({name: item}, path, path)}, warnings
    return None, warnings


def _warning(problem: Problem, fault: Fault, fate: str) -> Problem:
    """A JSON Schema refuses what it can express, so that editors show it."""
    return Problem(fault if problem.fault is Fault.WRONG else Fault.IDLE, problem.path, f"{problem.text}; {fate}")


def _shown(entry: Key, value: Any) -> str:
    if entry.kind not in _SCALARS or hides_value(entry) or entry.patterns:  # Hosts may contain credentials.
        return ""
    return f" as {got(value, secret=False)}"
