"""Header fields as a plugin author sees them: case-insensitive, ordered, several values for one name allowed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, overload

from .errors import RuleError
from .field_text import split_fields
from .fields import REQUEST_PSEUDO, RESPONSE_PSEUDO, check
from .wire import EditOp, FieldEdits, Fields

T = TypeVar("T")

HeaderValues: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
"""Type of new headers: a mapping, or pairs when a name occurs more than once."""


def to_fields(headers: HeaderValues, pseudo: Collection[str] = ()) -> Fields:
    """Pairs with lower-case names, as they will be sent. Raises `ValueError` for what cannot be.

    `pseudo` are the pseudo-headers that may be among them.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    checked = [(name, check(name, value, pseudo)) for name, value in pairs]
    return [(str.lower(name), value) for name, value in checked]


_PSEUDO: Final = REQUEST_PSEUDO | RESPONSE_PSEUDO
_spellings: dict[str, str] = dict.fromkeys(_PSEUDO, "")
"""Names that `check` has accepted, with their lower-case forms: a plugin sets the same few in every stream.

Pseudo-headers and those of `GUARDED` are always checked: whether one can be set depends on where, and their values have
rules of their own."""
_targets: set[tuple[str, str]] = set()
"""Pairs of a pseudo-header and a value that `check` has accepted, without those of `GUARDED`. They need no second
check: nearly every request gets one of a few hosts and paths."""
_MOST_SPELLINGS: Final = 1000
_LONGEST_SPELLING: Final = 100

UPGRADE: Final = "upgrade"
FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
"""Names that only the gateway sets, because it knows the body that it sends."""

GUARDED: Final = FRAMING | {":method", ":status", UPGRADE}
"""Names whose values say where a message ends: the stream that a header belongs to looks at them first."""


class Headers(MutableMapping[str, str]):
    """The header fields of one direction of a stream, pseudo-headers such as `:path` included.

    `headers[name]` is the first value of a name, `get_all` gives all of them; assignment replaces all values, `add`
    puts one more at the end. Names compare case-insensitively and are kept in lower case.

    Changes are possible until the headers are sent; after that they raise `RuleError`.
    """

    # Looking up a name in `first` runs no Python code, and is nearly always enough.
    __slots__ = ("_fields", "arrived", "changed", "edits", "first", "guard", "sealed")

    def __init__(self, fields: Fields | str) -> None:
        """`fields` may be a text as `field_text.join_fields` makes it."""
        if isinstance(fields, str):
            texts = fields.split("\0") if fields else ()
            each = iter(texts)
            first = dict(zip(each, each))  # noqa: B905  # an odd number is found out below
            several = 2 * len(first) != len(texts)
        else:
            first = dict(fields)
            several = len(first) != len(fields)
        self.first: dict[str, str] = first
        """The first value of each name, in the order of their occurrence; for the SDK."""
        self.arrived = fields
        """The text that these headers were made of, without changes. For the SDK."""
        self._fields: Fields | None = None
        """All fields, if some name has several."""
        if several:
            self._keep_all(split_fields(fields) if isinstance(fields, str) else fields)
        self.edits: FieldEdits = []
        """Edits that have not been passed to the host yet; for the SDK."""
        self.changed: Callable[[], None] | None = None
        """Called before the first of these edits."""
        self.guard: Callable[[str, str], None] | None = None
        """Called before a header of `GUARDED` gets a value; raises if it must not have this one."""
        self.sealed = ""
        """Why changes are not possible; empty if they are."""

    @classmethod
    def sent(cls, fields: Fields | str, reason: str) -> Headers:
        """Headers that cannot be changed, and why."""
        headers = cls(fields)
        headers.sealed = reason
        return headers

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    @overload
    def get(self, name: str, default: T) -> str | T: ...
    def get(self, name: str, default: Any = None) -> Any:
        """The first value of a name."""
        first = self.first
        if name in first:
            return first[name]
        # Nearly all code spells names in lower case.
        return default if name.islower() else first.get(name.lower(), default)

    def get_all(self, name: str) -> list[str]:
        """All values of a name, in order; empty if there is none."""
        name = name.lower()
        if self._fields is None:
            return [self.first[name]] if name in self.first else []
        return [value for key, value in self._fields if key == name]

    def __setitem__(self, name: str, value: str) -> None:
        self.set_all(((name, value),))

    def set_all(self, values: Iterable[tuple[str, str]]) -> None:
        """Assign these values to these names, one after the other."""
        for name, value in values:
            first = self.first
            if name in first and first[name] == value and self._fields is None and not self.sealed:
                continue  # as it is already
            lower = self._edit("=", name, value)
            if self._fields is None:
                first[lower] = self.edits[-1]
            else:
                self._apply()

    @overload
    def setdefault(self, key: str, default: None = None) -> NoReturn: ...
    @overload
    def setdefault(self, key: str, default: str) -> str: ...
    def setdefault(self, key: str, default: str | None = None) -> str:
        """The first value of a name, which gets this one if it has none."""
        # That of the base class would raise the errors of an assignment inside the handling of a `KeyError`.
        value = self.get(key)
        if value is None:
            self[key] = default  # type: ignore[assignment]  # None is refused there, with a reason
            value = self.first[key.lower()]
        return value

    def add(self, name: str, value: str) -> None:
        """One more value, at the end."""
        name = self._edit("+", name, value)
        if self._fields is None and name not in self.first:
            self.first[name] = self.edits[-1]
        else:
            self._apply()

    def discard_all(self, names: Container[str]) -> None:
        """Remove all values of these names, which are in lower case. Give a set: each header is looked up in it."""
        for name in [*filter(names.__contains__, self.first)]:
            self._remove(name)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self.discard(name)

    def discard(self, name: str) -> None:
        """Remove all values of a name, if there are any."""
        if name in self.first:
            self._remove(name)
        elif (lower := name.lower()) in self.first:
            self._remove(lower)

    def __contains__(self, name: object) -> bool:
        return name in self.first or (isinstance(name, str) and name.lower() in self.first)

    def __iter__(self) -> Iterator[str]:
        """The different names, in the order of their first occurrence."""
        return iter(list(self.first))

    def __len__(self) -> int:
        return len(self.first)

    def fields(self) -> Fields:
        """All fields in wire order, as a list of pairs."""
        return list(self.first.items()) if self._fields is None else list(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self.fields()!r})"

    def _edit(self, op: EditOp, name: str, value: str) -> str:
        if self.sealed:
            raise RuleError(f"cannot change header {name!a}: {self.sealed}")
        try:
            lower = _spellings[name]
        except KeyError:
            lower = ""
        # Printable text has neither line breaks nor lone surrogates.
        if not lower or type(value) is not str or not value.isprintable():
            if op == "=" and type(value) is type(name) is str and (name, value) in _targets and name in self.first:
                lower = name
            else:
                lower, value = self._checked(op, name, value)
                if lower in GUARDED and self.guard is not None:
                    self.guard(lower, value)
        edits = self.edits
        if not edits and self.changed is not None:
            self.changed()
        edits.append(op + lower)
        edits.append(value)
        return lower

    def set_length(self, length: int) -> None:
        """Assign `content-length`. For the SDK, which knows the body: `guard` lets no author do it."""
        guard, self.guard = self.guard, None
        try:
            self["content-length"] = str(length)
        finally:
            self.guard = guard

    def _checked(self, op: EditOp, name: str, value: str) -> tuple[str, str]:
        """The name in lower case and the value, as they will be sent. Raises as `check` does."""
        first = self.first
        # Messages without either are those that an author has made.
        pseudo = RESPONSE_PSEUDO if ":status" in first else REQUEST_PSEUDO if ":method" in first else _PSEUDO
        value = check(name, value, pseudo)
        lower = str.lower(name)
        if lower in _PSEUDO:
            if op == "+" and lower in first:
                raise ValueError(f"header {name!r} has one value: assign it, do not add one")
            if lower not in GUARDED and len(_targets) < _MOST_SPELLINGS and len(value) <= _LONGEST_SPELLING:
                _targets.add((str.__str__(name), value))
        elif lower not in GUARDED and len(_spellings) < _MOST_SPELLINGS and len(name) <= _LONGEST_SPELLING:
            _spellings[str.__str__(name)] = lower
        return lower, value

    def _remove(self, name: str) -> None:
        """`name` is one of the headers, so it needs no check."""
        if self.sealed:
            raise RuleError(f"cannot change header {name!r}: {self.sealed}")
        if name in _PSEUDO:
            raise ValueError(f"header {name!r} cannot be removed: no message can be sent without it")
        if type(name) is not str:
            name = str.__str__(name)
        edits = self.edits
        if not edits and self.changed is not None:
            self.changed()
        edits.append("-" + name)
        edits.append("")
        if self._fields is None:
            del self.first[name]
        else:
            self._apply()

    def _apply(self) -> None:
        """Carry out the last edit where a name has several values."""
        self._keep_all(apply_edits(self.fields(), self.edits[-2:]))

    def _keep_all(self, fields: Fields) -> None:
        self._fields = fields
        self.first = {}
        for name, value in fields:
            self.first.setdefault(name, value)

    def seal(self, reason: str) -> None:
        """From now on changes raise, with this reason. Called by the SDK when the headers are sent."""
        self.sealed = reason
        self.changed = self.guard = None  # no longer needed, and they would keep their owner in memory


def apply_edits(fields: Fields, edits: FieldEdits) -> Fields:
    """The host's side of `Headers`: the fields after the edits. A replaced field keeps its place."""
    values = dict(fields)
    if len(values) != len(fields):
        return _apply_to_several(fields, edits)
    # As mostly: each name has one value, before and after.
    for key, value in zip(edits[::2], edits[1::2], strict=True):
        name = key[1:]
        if key[0] == "-":
            values.pop(name, None)
        elif key[0] == "+" and name in values:
            return _apply_to_several(fields, edits)
        else:
            values[name] = value
    return list(values.items())


def _apply_to_several(fields: Fields, edits: FieldEdits) -> Fields:
    """`apply_edits` where a name has several values."""
    names = [name for name, _ in fields]
    fields = list(fields)
    for key, value in zip(edits[::2], edits[1::2], strict=True):
        op, name = key[0], key[1:]
        if op == "+" or name not in names:
            if op != "-":
                names.append(name)
                fields.append((name, value))
            continue
        at = names.index(name)
        if op == "=":
            fields[at] = name, value
            at += 1
        while name in names[at:]:
            at = names.index(name, at)
            del names[at], fields[at]
    return fields
