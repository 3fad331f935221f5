"""Header fields as a plugin author sees them: case-insensitive, ordered, several values for one name allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, TypeAlias, TypeVar, overload

from .errors import RuleError
from .wire import EditOp, FieldEdits, Fields

T = TypeVar("T")

HeaderValues: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
"""What is accepted where new headers are given: a mapping, or pairs when a name occurs more than once."""


def to_fields(headers: HeaderValues) -> Fields:
    """Pairs with lower-case names. Raises `ValueError` for what cannot stand in an HTTP header field."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name.lower(), value) for name, value in pairs if _check(name, value)]


def _check(name: str, value: str) -> bool:
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"header {name!r}: name and value must be str, got {type(value).__name__}")
    if not name or " " in name or _breaks(name):
        raise ValueError(f"{name!r} is not a header name")
    # A line break in a value would let a client smuggle in further headers (RFC 9110, 5.5).
    if _breaks(value):
        raise ValueError(f"header {name!r}: a value cannot contain NUL, CR or LF")
    return True


def _breaks(text: str) -> bool:
    return "\n" in text or "\r" in text or "\0" in text


class Headers(MutableMapping[str, str]):
    """The header fields of one direction of a stream, pseudo-headers such as `:path` included.

    `headers[name]` is the first value of a name, `get_all` gives all of them; assignment replaces all values, `add`
    puts one more at the end. Names compare case-insensitively and are kept in lower case.

    Changes are possible as long as the headers have not gone on; after that they raise `RuleError`.
    """

    # Names and values side by side, because a search in a list of names does not run through Python code.
    __slots__ = ("_changed", "_edits", "_names", "_sealed", "_values")

    def __init__(self, fields: Fields, *, changed: Callable[[], None] | None = None, sealed: str = "") -> None:
        """`changed` is called once there is something to take; a non-empty `sealed` is why changes are impossible."""
        self._names = [name for name, _ in fields]
        self._values = [value for _, value in fields]
        self._edits: FieldEdits = []
        self._changed = changed
        self._sealed = sealed

    def __getitem__(self, name: str) -> str:
        name = name.lower()
        if name not in self._names:
            raise KeyError(name)
        return self._values[self._names.index(name)]

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    @overload
    def get(self, name: str, default: T) -> str | T: ...
    def get(self, name: str, default: Any = None) -> Any:
        """The first value of a name."""
        name = name.lower()
        return self._values[self._names.index(name)] if name in self._names else default

    def get_all(self, name: str) -> list[str]:
        """All values of a name, in order; empty if there is none."""
        name = name.lower()
        return [value for key, value in zip(self._names, self._values, strict=True) if key == name]

    def __setitem__(self, name: str, value: str) -> None:
        name = self._edit("=", name, value)
        names = self._names
        if name not in names:
            names.append(name)
            self._values.append(value)
            return
        index = names.index(name)
        self._values[index] = value
        if names.count(name) > 1:
            self._drop(name, index + 1)

    def add(self, name: str, value: str) -> None:
        """One more value, at the end."""
        self._names.append(self._edit("+", name, value))
        self._values.append(value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        name = self._edit("-", name, "")
        index = self._names.index(name)
        del self._names[index], self._values[index]
        if name in self._names:
            self._drop(name, index)

    def discard(self, name: str) -> None:
        """Remove all values of a name, if there are any."""
        if name in self:
            del self[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._names

    def __iter__(self) -> Iterator[str]:
        """The different names, in the order of their first occurrence."""
        return iter(dict.fromkeys(self._names))

    def __len__(self) -> int:
        return len(set(self._names))

    def fields(self) -> Fields:
        """All fields in wire order, as a list of pairs."""
        return list(zip(self._names, self._values, strict=True))

    def __repr__(self) -> str:
        return f"Headers({self.fields()!r})"

    def _edit(self, op: EditOp, name: str, value: str) -> str:
        if self._sealed:
            raise RuleError(f"cannot change header {name!r}: {self._sealed}")
        # What `_check` says, without a call for the texts that nearly all are.
        if not (
            type(name) is str and name and type(value) is str
            and " " not in name and "\n" not in name and "\r" not in name and "\0" not in name
            and "\n" not in value and "\r" not in value and "\0" not in value
        ):  # fmt: skip
            _check(name, value)
        name = name.lower()
        if not self._edits and self._changed is not None:
            self._changed()
        self._edits.append((op, name, value))
        return name

    def _drop(self, name: str, start: int) -> None:
        """Remove the fields of this name from a position on."""
        names = self._names
        while name in names[start:]:
            index = names.index(name, start)
            del names[index], self._values[index]

    @property
    def sealed(self) -> str:
        """Why changes are not possible; empty if they are."""
        return self._sealed

    def seal(self, reason: str) -> None:
        """From now on changes raise, with this reason. Called by the SDK when the headers go on."""
        self._sealed = reason
        self._changed = None  # nobody needs to know any more; whoever did would stay in memory with us

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
