"""From a JSON object to an instance of a settings class, with all that is wrong on the way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from proxywasm import ConfigError

from ..jsonx import dumps
from .between import apply_rules
from .keys import Key, Kind, json_name, keys_of, rules_of
from .problems import Fault, Problem, did_you_mean, got

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

    A missing key and `null` are the same. As in the original, numbers and switches may also be given as strings, and
    one string stands for a list of one; any other wrong type is refused. Keys that begin with `_` are comments.
    """
    reader = _Reader(problems)
    known = keys_of(settings)
    values: dict[str, Any] = {}
    for item in fields(settings):  # type: ignore[arg-type]  # a dataclass; there is no bound that says so
        entry = known[item.name]
        name = json_name(settings, item.name)
        given = [one for one in (name, *entry.aliases) if document.get(one) is not None]
        if given:
            value = reader.value(entry, document[given[0]], f"{path}.{given[0]}", required=_is_required(item))
            values[item.name] = value
            for other in given[1:]:
                reader.report(
                    Fault.IDLE, f"{path}.{other}", f"has no effect beside {name}, of which it is another name"
                )
            if given[0] != name:
                reader.report(Fault.ALIAS, f"{path}.{given[0]}", f"understood; it is called {name}")
        elif _is_required(item):
            reader.report(Fault.WRONG, f"{path}.{name}", f"is required: {entry.doc}")
        elif entry.expected:
            reader.report(Fault.IDLE, f"{path}.{name}", f"is missing: {entry.expected}")
    names = [json_name(settings, name) for name in known]
    passed_over = {*names, *(alias for entry in known.values() for alias in entry.aliases)}
    for name in document:
        if name not in passed_over and not name.startswith("_"):
            text = (stranger(name) if stranger else "") or f"unknown key, ignored{did_you_mean(name, names)}"
            reader.report(Fault.IGNORED, f"{path}.{name}", text)
    if reader.refused:
        return None
    result = settings(**values)
    found_fields = {name for name in values if document.get(json_name(settings, name)) is not None}
    own = apply_rules(rules_of(settings), result, found_fields, path)
    problems += own
    return None if any(problem.refuses for problem in own) else result


def _is_required(item: Any) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


class _Wrong(Exception):  # it never leaves this module
    """The text of a problem of the kind `Fault.WRONG`, and where it is."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.path, self.text = path, text


class _Reader:
    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self.refused = False

    def report(self, fault: Fault, path: str, text: str) -> None:
        problem = Problem(fault, path, text)
        self._problems.append(problem)
        self.refused |= problem.refuses

    def value(self, entry: Key, raw: Any, path: str, *, required: bool) -> Any:
        """None when it is refused."""
        try:
            value = _READERS[entry.kind](self, entry, raw, path)
            value = self._within_limits(entry, value, path, required=required)
            if entry.keys is not None:
                return self._nested(entry, value, path)
            return entry.convert(value, path) if entry.convert else value
        except _Wrong as wrong:
            self.report(Fault.WRONG, wrong.path, wrong.text)
        except ConfigError as error:
            # A converter has said where as well.
            where, _, text = str(error).partition(": ")
            self.report(Fault.REFUSED, where, text)
        return None

    def _nested(self, entry: Key, value: Any, path: str) -> Any:
        assert entry.keys is not None
        if entry.kind is Kind.OBJECTS:
            items = [read(entry.keys, item, f"{path}[{index}]", self._problems) for index, item in enumerate(value)]
            self.refused |= any(item is None for item in items)
            return tuple(items)
        nested = read(entry.keys, value, path, self._problems)
        self.refused |= nested is None
        return nested

    def _within_limits(self, entry: Key, value: Any, path: str, *, required: bool) -> Any:
        if required and entry.kind is Kind.STRING and not value:
            raise _Wrong(path, f"is required: {entry.doc}")
        if entry.choices and value not in entry.choices:
            meant = next((choice for choice in entry.choices if choice.lower() == value.lower()), None)
            if meant is None:
                known = ", ".join(entry.choices)
                raise _Wrong(path, f"must be one of {known}, got {got(value, secret=entry.secret)}")
            self.report(Fault.SPELLING, path, f"understood; write it as {meant}")
            value = meant
        if entry.minimum is not None and value < entry.minimum:
            raise _Wrong(path, f"must be at least {entry.minimum}, got {value}")
        if entry.maximum is not None and value > entry.maximum:
            raise _Wrong(path, f"must be at most {entry.maximum}, got {value}")
        return value

    # By kind. Each returns the value, or raises `_Wrong`.

    def string(self, entry: Key, raw: Any, path: str) -> str:
        if not isinstance(raw, str):
            raise _refuse(entry, raw, path, "a string")
        value = raw.strip() if entry.trim else raw
        if value and entry.length is not None and len(value) != entry.length:
            raise _Wrong(path, f"must have {entry.length} characters, got {len(value)}")
        for text in entry.texts:
            # Nothing is said of the value: addresses and hosts have credentials in them at times.
            if bool(re.search(text.pattern, value)) == text.forbidden:
                raise _Wrong(path, text.words)
        return value

    def boolean(self, entry: Key, raw: Any, path: str) -> bool:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.lower() in {"true", "false"}:
            self.report(Fault.SPELLING, path, f"understood; write {raw.lower()} without quotes")
            return raw.lower() == "true"
        raise _refuse(entry, raw, path, "true or false")

    def integer(self, entry: Key, raw: Any, path: str) -> int:
        if isinstance(raw, str) and re.fullmatch("-?[0-9]{1,18}", raw):
            self.report(Fault.SPELLING, path, f"understood; write {int(raw)} without quotes")
            return int(raw)
        number = isinstance(raw, int | float) and not isinstance(raw, bool)
        if not number or not math.isfinite(raw) or raw != int(raw):
            raise _refuse(entry, raw, path, "an integer")
        return int(raw)

    def strings(self, entry: Key, raw: Any, path: str) -> tuple[str, ...]:
        if isinstance(raw, str):
            self.report(Fault.SPELLING, path, "understood; write it as an array with one string")
            return (self.string(entry, raw, path),)
        if not isinstance(raw, list):
            raise _refuse(entry, raw, path, "an array of strings")
        return tuple(self.string(entry, item, f"{path}[{index}]") for index, item in enumerate(raw))

    def string_map(self, entry: Key, raw: Any, path: str) -> dict[str, str]:
        return self._map(entry, raw, path, self.string)

    def boolean_map(self, entry: Key, raw: Any, path: str) -> dict[str, bool]:
        return self._map(entry, raw, path, self.boolean)

    def _map(self, entry: Key, raw: Any, path: str, of: Callable[[Key, Any, str], Any]) -> dict[str, Any]:
        by_letters = {_letters(name): name for name in entry.names}
        values = {}
        for written, item in self.object(entry, raw, path).items():
            where = f"{path}.{written}"
            name = written
            if entry.names and written not in entry.names:
                name = by_letters.get(_letters(written), "")
                if not name:
                    self.report(Fault.IGNORED, where, f"unknown name, ignored{did_you_mean(written, entry.names)}")
                    continue
                self.report(Fault.SPELLING, where, f"understood; write it as {name}")
            values[name] = of(entry, item, where)
        return values

    def object(self, entry: Key, raw: Any, path: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise _refuse(entry, raw, path, "an object")
        return raw

    def objects(self, entry: Key, raw: Any, path: str) -> list[dict[str, Any]]:
        if not isinstance(raw, list):
            raise _refuse(entry, raw, path, "an array of objects")
        return [self.object(entry, item, f"{path}[{index}]") for index, item in enumerate(raw)]

    def document(self, entry: Key, raw: Any, path: str) -> str:
        return dumps(raw) if isinstance(raw, dict) else self.string(entry, raw, path)

    def any(self, entry: Key, raw: Any, path: str) -> Any:  # noqa: ARG002  # as the others
        return raw


_READERS: dict[Kind, Callable[[_Reader, Key, Any, str], Any]] = {
    Kind.STRING: _Reader.string,
    Kind.BOOLEAN: _Reader.boolean,
    Kind.INTEGER: _Reader.integer,
    Kind.STRINGS: _Reader.strings,
    Kind.STRING_MAP: _Reader.string_map,
    Kind.BOOLEAN_MAP: _Reader.boolean_map,
    Kind.OBJECT: _Reader.object,
    Kind.OBJECTS: _Reader.objects,
    Kind.DOCUMENT: _Reader.document,
    Kind.ANY: _Reader.any,
}


def _refuse(entry: Key, raw: Any, path: str, wanted: str) -> _Wrong:
    return _Wrong(path, f"must be {wanted}, got {got(raw, secret=entry.secret)}")


def _letters(name: str) -> str:
    """What two styles of writing a name have in common."""
    return re.sub("[-_]", "", name).lower()
