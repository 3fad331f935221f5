"""Check one value of a configuration: its type, then its limits."""

from __future__ import annotations

import math
import re
from typing import Any, Final, Protocol

from .declaration import hides_value
from .keys import Key, Kind
from .problems import OUT_OF_RANGE, Fault, Findings, Refusal, did_you_mean, dumps, got, under


def checked(entry: Key, raw: Any, path: str, findings: Findings, *, required: bool) -> Any:
    """Check a JSON value and convert it. Slips are added to `findings`. Raises `Refusal`."""
    value = _READERS[entry.kind](entry, raw, path, findings)
    if required and entry.kind is Kind.STRING and not value:
        raise Refusal(path, f"is required: {entry.doc}" if entry.doc else "is required")
    if entry.choices and value not in entry.choices:
        value = _choice(entry, value, path, findings)
    if entry.kind in _DOCUMENTS:
        _check_numbers(raw, path)
    return value


class Reader(Protocol):
    """Reads a JSON value of one kind. Raises `Refusal`."""

    def __call__(self, entry: Key, raw: Any, path: str, findings: Findings, /) -> Any: ...


def _choice(entry: Key, value: str, path: str, findings: Findings) -> str:
    meant = next((choice for choice in entry.choices if choice.lower() == value.lower()), None)
    if meant is None or not findings.lenient:
        known = ", ".join(entry.choices)
        hint = "" if findings.lenient else did_you_mean(value, entry.choices)
        raise Refusal(path, f"must be one of {known}, got {got(value, secret=entry.secret)}{hint}")
    findings.report(Fault.SPELLING, path, f"understood; write it as {meant}")
    return meant


def _string(entry: Key, raw: Any, path: str, findings: Findings) -> str:  # noqa: ARG001  # as the others
    if not isinstance(raw, str):
        raise _refuse(entry, raw, path, "a string")
    value = raw.strip() if entry.trim else raw
    if value and entry.length is not None and len(value) != entry.length:
        raise Refusal(path, f"must have {entry.length} characters, got {len(value)}")
    for pattern in entry.patterns:
        # The message leaves out the value: addresses and hosts may contain credentials.
        if bool(re.search(pattern.expression, value)) == pattern.forbidden:
            raise Refusal(path, pattern.message)
    return value


def _boolean(entry: Key, raw: Any, path: str, findings: Findings) -> bool:
    if isinstance(raw, bool):
        return raw
    if findings.lenient and isinstance(raw, str) and raw.lower() in {"true", "false"}:
        _without_quotes(entry, raw.lower(), path, findings)
        return raw.lower() == "true"
    raise _refuse(entry, raw, path, "true or false")


def _integer(entry: Key, raw: Any, path: str, findings: Findings) -> int:
    if findings.lenient and isinstance(raw, str) and re.fullmatch("-?[0-9]{1,18}", raw):
        raw = int(raw)
        _without_quotes(entry, str(raw), path, findings)
    number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
    if not number or (isinstance(raw, float) and not raw.is_integer()):
        raise _refuse(entry, raw, path, "an integer")
    return int(_within_limits(entry, int(raw), path))


def _number(entry: Key, raw: Any, path: str, findings: Findings) -> float:
    if findings.lenient and isinstance(raw, str) and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", raw):
        _without_quotes(entry, raw, path, findings)
        raw = float(raw)
    if not isinstance(raw, (int, float)) or isinstance(raw, bool):
        raise _refuse(entry, raw, path, "a number")
    _within_limits(entry, raw, path)
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise Refusal(path, OUT_OF_RANGE, Fault.REFUSED)
    return value


def _within_limits(entry: Key, value: float, path: str) -> float:
    found = "" if entry.secret else f", got {got(value, secret=False)}"
    if entry.minimum is not None and value < entry.minimum:
        raise Refusal(path, f"must be at least {entry.minimum}{found}")
    if entry.maximum is not None and value > entry.maximum:
        raise Refusal(path, f"must be at most {entry.maximum}{found}")
    return value


def _without_quotes(entry: Key, text: str, path: str, findings: Findings) -> None:
    findings.report(Fault.SPELLING, path, f"understood; write {'it' if entry.secret else text} without quotes")


def _array(entry: Key, raw: Any, path: str, findings: Findings, wanted: str, of: Reader) -> list[Any]:
    """The items that can be read; problems of the others are added to `findings`."""
    if not isinstance(raw, list):
        raise _refuse(entry, raw, path, wanted)
    items = []
    for index, item in enumerate(raw):
        try:
            items.append(of(entry, item, f"{path}[{index}]", findings))
        except Refusal as refusal:
            findings.add(refusal.problem)
    return items


def _strings(entry: Key, raw: Any, path: str, findings: Findings) -> tuple[str, ...]:
    if findings.lenient and isinstance(raw, str):
        findings.report(Fault.SPELLING, path, "understood; write it as an array with one string")
        raw = [raw]
    found = _array(entry, raw, path, findings, "an array of strings", _named_string if entry.names else _string)
    return tuple(text for text in found if text or not entry.names)


def _named_string(entry: Key, raw: Any, path: str, findings: Findings) -> str:
    return _known(entry, _string(entry, raw, path, findings), path, findings)


def _integers(entry: Key, raw: Any, path: str, findings: Findings) -> tuple[int, ...]:
    return tuple(_array(entry, raw, path, findings, "an array of integers", _integer))


def _numbers(entry: Key, raw: Any, path: str, findings: Findings) -> tuple[float, ...]:
    return tuple(_array(entry, raw, path, findings, "an array of numbers", _number))


def _objects(entry: Key, raw: Any, path: str, findings: Findings) -> list[dict[str, Any]]:
    return _array(entry, raw, path, findings, "an array of objects", _object)


def _map(entry: Key, raw: Any, path: str, findings: Findings, of: Reader) -> dict[str, Any]:
    values = {}
    for written, item in _object(entry, raw, path, findings).items():
        where = under(path, written)
        try:
            name = _known(entry, written, where, findings) if entry.names else written
            if name or not entry.names:
                values[name] = of(entry, item, where, findings)
        except Refusal as refusal:
            findings.add(refusal.problem)
    return values


def _string_map(entry: Key, raw: Any, path: str, findings: Findings) -> dict[str, str]:
    return _map(entry, raw, path, findings, _string)


def _boolean_map(entry: Key, raw: Any, path: str, findings: Findings) -> dict[str, bool]:
    return _map(entry, raw, path, findings, _boolean)


def _integer_map(entry: Key, raw: Any, path: str, findings: Findings) -> dict[str, int]:
    return _map(entry, raw, path, findings, _integer)


def _number_map(entry: Key, raw: Any, path: str, findings: Findings) -> dict[str, float]:
    return _map(entry, raw, path, findings, _number)


def _object_map(entry: Key, raw: Any, path: str, findings: Findings) -> dict[str, dict[str, Any]]:
    return _map(entry, raw, path, findings, _object)


def _known(entry: Key, written: str, where: str, findings: Findings) -> str:
    """The one of the key's names that is meant; empty if there is none."""
    if written in entry.names:
        return written
    if not findings.lenient:
        hint = did_you_mean(written, entry.names)
        known = ", ".join(entry.names)
        raise Refusal(where, f"unknown name{hint} Known are: {known}" if hint else f"unknown name; known are: {known}")
    name = next((known for known in entry.names if _letters(known) == _letters(written)), "")
    if name:
        findings.report(Fault.SPELLING, where, f"understood; write it as {name}")
    else:
        findings.report(Fault.IGNORED, where, f"unknown name, ignored{did_you_mean(written, entry.names)}")
    return name


def _object(entry: Key, raw: Any, path: str, findings: Findings) -> dict[str, Any]:  # noqa: ARG001  # as the others
    if not isinstance(raw, dict):
        raise _refuse(entry, raw, path, "an object")
    return raw


def _document(entry: Key, raw: Any, path: str, findings: Findings) -> str:
    if not isinstance(raw, dict):
        return _string(entry, raw, path, findings)
    _check_numbers(raw, path)
    return dumps(raw)


def _any(entry: Key, raw: Any, path: str, findings: Findings) -> Any:  # noqa: ARG001  # as the others
    return raw


_READERS: Final[dict[Kind, Reader]] = {
    Kind.STRING: _string,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.STRINGS: _strings,
    Kind.INTEGERS: _integers,
    Kind.NUMBERS: _numbers,
    Kind.STRING_MAP: _string_map,
    Kind.BOOLEAN_MAP: _boolean_map,
    Kind.INTEGER_MAP: _integer_map,
    Kind.NUMBER_MAP: _number_map,
    Kind.OBJECT: _object,
    Kind.OBJECTS: _objects,
    Kind.OBJECT_MAP: _object_map,
    Kind.DOCUMENT: _document,
    Kind.ANY: _any,
}


_DOCUMENTS: Final = frozenset({Kind.ANY, Kind.OBJECT, Kind.OBJECTS, Kind.OBJECT_MAP})


def _check_numbers(raw: Any, path: str) -> None:
    try:
        dumps(raw)
    except ValueError as error:
        raise Refusal(path, str(error), Fault.REFUSED) from None


def _refuse(entry: Key, raw: Any, path: str, wanted: str) -> Refusal:
    return Refusal(path, f"must be {wanted}, got {got(raw, secret=hides_value(entry))}")


def _letters(name: str) -> str:
    """A name without what depends on style: case, dashes and underscores."""
    return re.sub("[-_]", "", name).lower()
