"""Header fields as a plugin author sees them: case-insensitive, ordered, several values for one name allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import TypeAlias

from .errors import RuleError
from .wire import EditOp, FieldEdits, Fields

HeaderValues: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
"""What is accepted where new headers are given: a mapping, or pairs when a name occurs more than once."""


def to_fields(headers: HeaderValues) -> Fields:
    """Pairs with lower-case names. Raises `ValueError` for what cannot stand in an HTTP header field."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name.lower(), value) for name, value in pairs if _check(name, value)]


def _check(name: str, value: str) -> bool:
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"header {name!r}: name and value must be str, got {type(value).__name__}")
    if not name or any(c in name for c in "\0\r\n "):
        raise ValueError(f"{name!r} is not a header name")
    # A line break in a value would let a client smuggle in further headers (RFC 9110, 5.5).
    if "\0" in value or "\r" in value or "\n" in value:
        raise ValueError(f"header {name!r}: a value cannot contain NUL, CR or LF")
    return True


class Headers(MutableMapping[str, str]):
    """The header fields of one direction of a stream, pseudo-headers such as `:path` included.

    `headers[name]` is the first value of a name, `get_all` gives all of them; assignment replaces all values, `add`
    puts one more at the end. Names compare case-insensitively and are kept in lower case.

    Changes are possible as long as the headers have not gone on; after that they raise `RuleError`.
    """

    __slots__ = ("_changed", "_edits", "_fields", "_sealed")

    def __init__(self, fields: Fields, *, changed: Callable[[], None] | None = None, sealed: str = "") -> None:
        """`changed` is called at every change; a non-empty `sealed` is the reason why changes are not possible."""
        self._fields = fields
        self._edits: FieldEdits = []
        self._changed = changed
        self._sealed = sealed

    def __getitem__(self, name: str) -> str:
        name = name.lower()
        for key, value in self._fields:
            if key == name:
                return value
        raise KeyError(name)

    def get_all(self, name: str) -> list[str]:
        """All values of a name, in order; empty if there is none."""
        name = name.lower()
        return [value for key, value in self._fields if key == name]

    def __setitem__(self, name: str, value: str) -> None:
        name = self._edit("=", name, value)
        for index, (key, _) in enumerate(self._fields):
            if key == name:
                tail = [field for field in self._fields[index + 1 :] if field[0] != name]
                self._fields = [*self._fields[:index], (name, value), *tail]
                return
        self._fields = [*self._fields, (name, value)]

    def add(self, name: str, value: str) -> None:
        """One more value, at the end."""
        self._fields = [*self._fields, (self._edit("+", name, value), value)]

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        name = self._edit("-", name, "")
        self._fields = [field for field in self._fields if field[0] != name]

    def discard(self, name: str) -> None:
        """Remove all values of a name, if there are any."""
        if name in self:
            del self[name]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        name = name.lower()
        return any(key == name for key, _ in self._fields)

    def __iter__(self) -> Iterator[str]:
        """The different names, in the order of their first occurrence."""
        return iter(dict.fromkeys(key for key, _ in self._fields))

    def __len__(self) -> int:
        return len({key for key, _ in self._fields})

    def fields(self) -> Fields:
        """All fields in wire order, as a list of pairs."""
        return list(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"

    def _edit(self, op: EditOp, name: str, value: str) -> str:
        if self._sealed:
            raise RuleError(f"cannot change header {name!r}: {self._sealed}")
        _check(name, value)
        name = name.lower()
        self._edits.append((op, name, value))
        if self._changed is not None:
            self._changed()
        return name

    @property
    def sealed(self) -> str:
        """Why changes are not possible; empty if they are."""
        return self._sealed

    def seal(self, reason: str) -> None:
        """From now on changes raise, with this reason. Called by the SDK when the headers go on."""
        self._sealed = reason

    def take_edits(self) -> FieldEdits:
        """The changes since the last call, for the host. Called by the SDK at the end of a callback."""
        edits, self._edits = self._edits, []
        return edits


def apply_edits(fields: Fields, edits: FieldEdits) -> Fields:
    """The host's side of `Headers`: the fields after the edits. A replaced field keeps its place."""
    headers = Headers(fields)
    for op, name, value in edits:
        if op == "=":
            headers[name] = value
        elif op == "+":
            headers.add(name, value)
        else:
            headers.discard(name)
    return headers.fields()
