"""Problems of a configuration, and how messages show values."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final, NamedTuple

from ..errors import ConfigError
from .keys import Key


class Fault(Enum):
    """What a problem does to the configuration, and whether a JSON Schema finds it."""

    WRONG = "refused, and a JSON Schema refuses it too"
    REFUSED = "refused for a reason that a JSON Schema cannot express"
    IGNORED = "a key is ignored; a JSON Schema refuses it, so that editors show it"
    SPELLING = "understood, although not written as it should be; a JSON Schema refuses it, so that editors show it"
    ALIAS = "understood; a JSON Schema marks it as deprecated"
    IDLE = "something has no effect"


class Problem(NamedTuple):
    fault: Fault
    path: str
    """Where it is, for example `providers[1].qwenDomain`."""
    text: str
    """What is wrong and what to do about it, without secret values."""

    @property
    def refuses(self) -> bool:
        return self.fault in {Fault.WRONG, Fault.REFUSED}

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class Invalid(ConfigError):
    """For `convert` to raise: what is wrong with a part of the value. `at` says which: `[2]`, `.name`."""

    def __init__(self, text: str, at: str = "") -> None:
        super().__init__(text)
        self.at = at


class Refusal(Exception):
    """A value that is refused, and where it is."""

    def __init__(self, path: str, text: str, fault: Fault = Fault.WRONG) -> None:
        super().__init__(text)
        self.problem = Problem(fault, path, text)


Salvage = Callable[[Key, Any], Any]
"""From a key and a wrong value of it to the JSON value that is read instead; the same value if there is none.
A `ValueError` refuses the configuration: for keys that must not be ignored."""


class Findings:
    """Collects the problems of one object of a configuration."""

    def __init__(self, problems: list[Problem], *, lenient: bool, salvage: Salvage | None = None) -> None:
        """Problems are added to `problems`."""
        self.problems = problems
        self.salvage = salvage
        self.lenient = lenient
        """Slips that can be understood are warnings instead of errors."""
        self.refused = False

    def report(self, fault: Fault, path: str, text: str) -> None:
        self.add(Problem(fault, path, text))

    def add(self, problem: Problem) -> None:
        self.problems.append(problem)
        self.refused |= problem.refuses


_LONGEST_SHOWN: Final = 40
_LONGEST_SHOWN_NAME: Final = 200


def under(path: str, name: str) -> str:
    """The path of a key of the object at `path`."""
    if not name or len(name) > _LONGEST_SHOWN_NAME or not name.isprintable():
        shown = json.dumps(name[:_LONGEST_SHOWN_NAME])
        name = shown if len(name) <= _LONGEST_SHOWN_NAME else f"{shown}..."
    return f"{path}.{name}" if path else name


def type_name(value: Any) -> str:
    """The name of a JSON value's type.

    >>> type_name(3.5), type_name(None), type_name([])
    ('number', 'null', 'array')
    """
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), type(value).__name__)


OUT_OF_RANGE: Final = "a number is out of range"
"""Python reads `1e999` as infinite, and JSON cannot say that."""


def dumps(value: Any) -> str:
    """Compact JSON. Raises `ValueError` with `OUT_OF_RANGE`."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise ValueError(OUT_OF_RANGE) from None


def got(raw: Any, *, secret: bool) -> str:
    """How a message shows the value that was found."""
    if secret or isinstance(raw, (list, dict)):
        return type_name(raw)
    try:
        text = dumps(raw)
    except ValueError:
        return "a number out of range"
    return text if len(text) <= _LONGEST_SHOWN else type_name(raw)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one; empty if none is like it.

    >>> nearest("qwenDomian", ["apiTokens", "qwenDomain"]), nearest("apitokens", ["apiTokens"]), nearest("x", ["y"])
    ('qwenDomain', 'apiTokens', '')
    """
    by_lower = {one.lower(): one for one in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.75)
    return by_lower[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    meant = nearest(name, known)
    return f"; did you mean {meant}?" if meant else ""
