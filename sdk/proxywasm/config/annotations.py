"""The types of fields that are written as text, as `from __future__ import annotations` makes them.

`typing.get_type_hints` needs Python's compiler, which is not in a module for Envoy. Types of settings are simple enough
to be read without it.
"""

from __future__ import annotations

import builtins
import functools
import operator
import re
import sys
from collections.abc import Mapping
from dataclasses import Field
from typing import Annotated, Any, Final, Literal

_WORD: Final = re.compile(r"""\s*([A-Za-z_][\w.]*|\.\.\.|"[^"\\]*"|'[^'\\]*'|[][,|])""")


def type_of(settings: type[Any], item: Field[Any]) -> Any:
    """The type of a field. Raises `TypeError` if it cannot be read, or has a name that its module lacks."""
    if not isinstance(item.type, str):
        return item.type
    # A subclass shares the field object of its base. The type has to be read in the module of the base.
    bases = reversed(settings.__mro__)
    owner = next(base for base in bases if base.__dict__.get("__dataclass_fields__", {}).get(item.name) is item)
    return _resolved(item.type, {owner.__name__: owner, **vars(sys.modules[owner.__module__])})


def _resolved(text: str, names: Mapping[str, Any]) -> Any:
    reader = _Reader(text, names)
    found = reader.union()
    if reader.words:
        raise reader.unreadable()
    return found


class _Reader:
    def __init__(self, text: str, names: Mapping[str, Any]) -> None:
        self.text, self.names = text, names
        self.words = list(reversed(_WORD.findall(text)))
        if _WORD.sub("", text).strip():
            raise self.unreadable()

    def union(self) -> Any:
        several = [self._one()]
        while self._next() == "|":
            self.words.pop()
            several.append(self._one())
        return functools.reduce(operator.or_, several)

    def _one(self) -> Any:
        word = self.words.pop() if self.words else ""
        if word == "...":
            return ...
        if word[:1] in {'"', "'"}:
            return _resolved(word[1:-1], self.names)
        if not word or word in "[],|":
            raise self.unreadable()
        found = self._named(word)
        return found[self._arguments(literal=found is Literal or found is Annotated)] if self._next() == "[" else found

    def _arguments(self, *, literal: bool) -> Any:
        found = []
        while self._next() in {"[", ","}:
            self.words.pop()
            found.append(self.words.pop()[1:-1] if literal and self._next()[:1] in {'"', "'"} else self.union())
        if not self.words or self.words.pop() != "]":
            raise self.unreadable()
        return found[0] if len(found) == 1 else tuple(found)

    def _next(self) -> str:
        return self.words[-1] if self.words else ""

    def _named(self, word: str) -> Any:
        if word == "None":
            return None
        first, *rest = word.split(".")
        try:
            found = self.names[first] if first in self.names else getattr(builtins, first)
            return functools.reduce(getattr, rest, found)
        except AttributeError:
            raise TypeError(
                f"the type {self.text} has the name {word}, which its module does not have; import it there, outside "
                "of `if TYPE_CHECKING`"
            ) from None

    def unreadable(self) -> TypeError:
        return TypeError(f"the type {self.text} cannot be read")
