"""What is wrong between the keys of a settings class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .keys import default_of, json_name
from .problems import Fault, Problem
from .rules import Apart, Given, Idle, Need, Rule


def apply_rules(rules: Iterable[Rule], settings: Any, given: Iterable[str], path: str) -> list[Problem]:
    """What is wrong between the keys. `given` are the fields that the document has."""
    problems: list[Problem] = []
    kind = type(settings)
    for rule in rules:
        match rule:
            case Need(name, when, why) if when(settings) and not Given(name)(settings):
                problems.append(Problem(Fault.WRONG, f"{path}.{json_name(kind, name)}", f"is required{why}"))
            case Apart(name, other, why) if Given(name)(settings) and Given(other)(settings):
                text = f"cannot be combined with {json_name(kind, other)}{why}"
                problems.append(Problem(Fault.WRONG, f"{path}.{json_name(kind, name)}", text))
            case Idle(names, why, when, even_default) if when(settings):
                problems += [
                    Problem(Fault.IDLE, f"{path}.{json_name(kind, name)}", f"has no effect: {why}")
                    for name in names
                    if name in given and (even_default or getattr(settings, name) != default_of(kind, name))
                ]
    return problems
