"""One value of a configuration: of the kind that its key says, and within its limits."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from proxywasm import ConfigError

from ...wire.json import NumberError, dumps
from .keys import Key, Kind
from .problems import Fault, Findings, did_you_mean, got


class Wrong(Exception):  # what `Fault` calls it, too
    """The text of a problem of the kind `Fault.WRONG`, and where it is."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.path, self.text = path, text


def checked(entry: Key, raw: Any, path: str, findings: Findings, *, required: bool) -> Any:
    """The value that a JSON value stands for. `findings` get what is odd about it. Raises `Wrong`."""
    value = _READERS[entry.kind](entry, raw, path, findings)
    if required and entry.kind is Kind.STRING and not value:
        raise Wrong(path, f"is required: {entry.doc}")
    if entry.choices and value not in entry.choices:
        meant = next((choice for choice in entry.choices if choice.lower() == value.lower()), None)
        if meant is None:
            known = ", ".join(entry.choices)
            raise Wrong(path, f"must be one of {known}, got {got(value, secret=entry.secret)}")
        findings.report(Fault.SPELLING, path, f"understood; write it as {meant}")
        value = meant
    if entry.kind in _DOCUMENTS:
        _check_numbers(raw, path)
    if entry.minimum is not None and value < entry.minimum:
        raise Wrong(path, f"must be at least {entry.minimum}, got {value}")
    if entry.maximum is not None and value > entry.maximum:
        raise Wrong(path, f"must be at most {entry.maximum}, got {value}")
    return value


class Reader(Protocol):
    """Makes of a JSON value one of a kind. Raises `Wrong`."""

    def __call__(self, entry: Key, raw: Any, path: str, findings: Findings, /) -> Any: ...


def _string(entry: Key, raw: Any, path: str, findings: Findings) -> str:  # noqa: ARG001  # as the others
    if not isinstance(raw, str):
        raise _refuse(entry, raw, path, "a string")
    value = raw.strip() if entry.trim else raw
    if value and entry.length is not None and len(value) != entry.length:
        raise Wrong(path, f"must have {entry.length} characters, got {len(value)}")
    for text in entry.texts:
        # Nothing is said of the value: addresses and hosts have credentials in them at times.
        if bool(re.search(text.pattern, value)) == text.forbidden:
            raise Wrong(path, text.words)
    return value


def _boolean(entry: Key, raw: Any, path: str, findings: Findings) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in {"true", "false"}:
        findings.report(Fault.SPELLING, path, f"understood; write {raw.lower()} without quotes")
        return raw.lower() == "true"
    raise _refuse(entry, raw, path, "true or false")


def _integer(entry: Key, raw: Any, path: str, findings: Findings) -> int:
    if isinstance(raw, str) and re.fullmatch("-?[0-9]{1,18}", raw):
        findings.report(Fault.SPELLING, path, f"understood; write {int(raw)} without quotes")
        return int(raw)
    number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
    if not number or (isinstance(raw, float) and not raw.is_integer()):
        raise _refuse(entry, raw, path, "an integer")
    return int(raw)


def _strings(entry: Key, raw: Any, path: str, findings: Findings) -> tuple[str, ...]:
    if isinstance(raw, str):
        findings.report(Fault.SPELLING, path, "understood; write it as an array with one string")
        raw = [raw]
    if not isinstance(raw, list):
        raise _refuse(entry, raw, path, "an array of strings")
    texts = [(_string(entry, item, f"{path}[{index}]", findings), f"{path}[{index}]") for index, item in enumerate(raw)]
    if not entry.names:
        return tuple(text for text, _ in texts)
    return tuple(name for text, where in texts if (name := _known(entry, text, where, findings)))


def _string_map(entry: Key, raw: Any, path: str, findings: Findings) -> dict[str, str]:
    return _map(entry, raw, path, findings, _string)


def _boolean_map(entry: Key, raw: Any, path: str, findings: Findings) -> dict[str, bool]:
    return _map(entry, raw, path, findings, _boolean)


def _map(entry: Key, raw: Any, path: str, findings: Findings, of: Reader) -> dict[str, Any]:
    values = {}
    for written, item in _object(entry, raw, path, findings).items():
        where = f"{path}.{written}"
        name = _known(entry, written, where, findings) if entry.names else written
        if name or not entry.names:
            values[name] = of(entry, item, where, findings)
    return values


def _known(entry: Key, written: str, where: str, findings: Findings) -> str:
    """The name that is meant; empty if it is none of the key's."""
    if written in entry.names:
        return written
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


def _objects(entry: Key, raw: Any, path: str, findings: Findings) -> list[dict[str, Any]]:
    if not isinstance(raw, list):
        raise _refuse(entry, raw, path, "an array of objects")
    return [_object(entry, item, f"{path}[{index}]", findings) for index, item in enumerate(raw)]


def _document(entry: Key, raw: Any, path: str, findings: Findings) -> str:
    return dumps(raw) if isinstance(raw, dict) else _string(entry, raw, path, findings)


def _any(entry: Key, raw: Any, path: str, findings: Findings) -> Any:  # noqa: ARG001  # as the others
    return raw


_READERS: Final[dict[Kind, Reader]] = {
    Kind.STRING: _string,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.STRINGS: _strings,
    Kind.STRING_MAP: _string_map,
    Kind.BOOLEAN_MAP: _boolean_map,
    Kind.OBJECT: _object,
    Kind.OBJECTS: _objects,
    Kind.DOCUMENT: _document,
    Kind.ANY: _any,
}


_DOCUMENTS: Final = frozenset({Kind.ANY, Kind.OBJECT, Kind.OBJECTS, Kind.DOCUMENT})


def _check_numbers(raw: Any, path: str) -> None:
    try:
        dumps(raw)
    except NumberError as error:
        raise ConfigError(f"{path}: {error}") from None


def _refuse(entry: Key, raw: Any, path: str, wanted: str) -> Wrong:
    return Wrong(path, f"must be {wanted}, got {got(raw, secret=entry.secret)}")


def _letters(name: str) -> str:
    """What two styles of writing a name have in common."""
    return re.sub("[-_]", "", name).lower()
