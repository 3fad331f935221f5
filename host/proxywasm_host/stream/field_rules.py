"""Validate header fields that arrive, or that a plugin sets without the SDK. The rules are those of
`proxywasm.fields`."""

from __future__ import annotations

import re
from collections.abc import Collection
from operator import itemgetter
from typing import Final, NamedTuple

from proxywasm.fields import PSEUDO_VALUES, REQUEST_PSEUDO, RESPONSE_PSEUDO, breaks, check, is_name
from proxywasm.wire import FieldEdits, Fields

from .limits import fields_size

_MOST_NAMES: Final = 1000
_LONGEST_NAME: Final = 100


_first, _second = itemgetter(0), itemgetter(1)
_is_three_digits: Final = re.compile("[1-9][0-9][0-9]").fullmatch


_CONTROL: Final = "a value has a control character"
_NO_STATUS: Final = "the status is not a number of three digits"


def is_status(value: str) -> bool:
    """Whether a response may arrive with this status."""
    return _is_three_digits(value) is not None


_CONTROLS: Final = bytes({*range(32), 127} - {9})


def _breaks(text: str) -> bool:
    """As `breaks`, for the values of a whole message, which are long: of ASCII in a third of the time."""
    if not text.isascii():
        return breaks(text)
    data = text.encode()
    return len(data.translate(None, _CONTROLS)) != len(data)


class Checked(NamedTuple):
    """Headers that have been validated, and what was found out about them on the way."""

    fields: Fields
    values: dict[str, str]
    """By name, the first one."""
    size: int


class Received:
    """Validates the headers that arrive in one direction. `pseudo` are its pseudo-headers."""

    def __init__(self, pseudo: Collection[str]) -> None:
        # Most messages have only names that have been there before.
        self._known = set(pseudo)

    def check(self, fields: Fields) -> Checked:
        """As `fields`, with what else is needed of each message. Raises `ValueError`."""
        values = dict(fields)
        if len(values) != len(fields) or not self._known.issuperset(values):
            fields = self.fields(fields)
            return Checked(fields, dict(reversed(fields)), fields_size(fields))
        # As mostly: all names differ, and have been there before.
        text = "".join(values.values())
        if _breaks(text):
            raise ValueError(_CONTROL)
        if ":status" in values and not is_status(values[":status"]):
            raise ValueError(_NO_STATUS)
        return Checked(fields, values, len(text) + len("".join(values)))

    def fields(self, fields: Fields) -> Fields:
        """The fields with names in lower case. Raises `ValueError` for what HTTP does not allow (RFC 9110, 5)."""
        names = [*map(_first, fields)]
        if not self._known.issuperset(names):
            names = [self._name(name) for name in names]
            fields = [(name, value) for name, (_, value) in zip(names, fields, strict=True)]
        if breaks("".join(map(_second, fields))):
            raise ValueError(_CONTROL)
        pseudo = [name for name in names if name[0] == ":"]
        if len(set(pseudo)) != len(pseudo):
            raise ValueError("a pseudo-header is there more than once")
        if ":status" in pseudo and not is_status(fields[names.index(":status")][1]):
            raise ValueError(_NO_STATUS)
        return fields

    def _name(self, name: str) -> str:
        if name in self._known:
            return name
        if not is_name(name):
            raise ValueError(f"{name[:100]!r} is not a header name")
        lower = name.lower()
        if len(self._known) < _MOST_NAMES and len(name) <= _LONGEST_NAME:
            self._known.add(lower)
        return lower


class ReceivedResponse(Received):
    def informational(self, fields: Fields) -> Fields:
        """The same for an informational response, whose status is 1xx; after 101 another protocol follows."""
        fields = self.fields(fields)
        status = dict(fields).get(":status", "")
        if status[:1] != "1" or status == "101":
            raise ValueError(f"the status {status!r} is not that of an informational response")
        return fields


RECEIVED_REQUEST: Final = Received({*REQUEST_PSEUDO, ":protocol"})
RECEIVED_RESPONSE: Final = ReceivedResponse(RESPONSE_PSEUDO)
RECEIVED_TRAILERS: Final = Received(())


_initial: Final = itemgetter(slice(1))
_TEXTS: Final = frozenset({str})
OPERATIONS: Final = frozenset("=+-")
"""First characters of edits."""


def are_edits(edits: FieldEdits) -> bool:
    """Whether this is a list of edits: a native program may answer with anything."""
    return (
        not len(edits) % 2 and _TEXTS.issuperset(map(type, edits)) and OPERATIONS.issuperset(map(_initial, edits[::2]))
    )


def sent_fields(fields: Fields, pseudo: Collection[str]) -> Fields:
    """Fields of a message that a plugin makes, validated. Raises `ValueError`."""
    return [(name.lower(), check(name, value, pseudo)) for name, value in fields]


_known_keys: Final[set[str]] = set()
"""Operations with names of ordinary headers that plugins ask for again and again."""


def sent_edits(edits: FieldEdits, pseudo: Collection[str]) -> FieldEdits:
    """Edits of fields by a plugin, validated. Raises `ValueError`."""
    checked: FieldEdits = []
    for key, value in zip(edits[::2], edits[1::2], strict=True):
        # Printable text has no line breaks.
        if key in _known_keys and value.isprintable():
            checked += key, value
        else:
            checked += _sent_edit(key, value, pseudo)
    return checked


def _sent_edit(key: str, value: str, pseudo: Collection[str]) -> tuple[str, str]:
    op, name = key[:1], key[1:]
    if op == "=" and name in pseudo and value.isascii() and PSEUDO_VALUES[name][0](value):
        return key, value
    if op not in ("=", "+", "-"):
        raise ValueError(f"{key[:100]!r} does not say what to do with the header")
    is_pseudo = name[:1] == ":"
    if is_pseudo and op != "=":
        raise ValueError(f"header {name[:100]!r} can only be replaced")
    value = check(name, value, pseudo)
    lower = op + name.lower()
    if not is_pseudo and len(_known_keys) < _MOST_NAMES and len(key) <= _LONGEST_NAME:
        _known_keys.add(lower)
    return lower, value
