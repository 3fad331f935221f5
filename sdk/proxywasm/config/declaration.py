"""The keys of a settings class or a table, worked out once. Mistakes of authors are errors when a plugin is built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from types import SimpleNamespace
from typing import Any, Final, TypeAlias

from .annotations import type_of
from .keys import MAPS, METADATA, NUMBERS, OBJECTS, TEXTS, Key, Kind, Naming, Pattern, Table
from .rules import Exclusive, NoEffect, Required, Rule, names_of
from .shapes import shape

Declared: TypeAlias = type[Any] | Table
"""A dataclass, or a table of keys."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a dataclass or a table declares. The mappings are by field name, in order of declaration; a table's field
    names are its keys."""

    title: str
    doc: str
    keys: Mapping[str, Key]
    names: Mapping[str, str]
    """The keys' names in the configuration."""
    items: Mapping[str, Field[Any]]
    rules: tuple[Rule, ...]
    table: bool

    def is_required(self, field_name: str) -> bool:
        item = self.items[field_name]
        return item.default is MISSING and item.default_factory is MISSING

    def default(self, field_name: str) -> Any:
        item = self.items[field_name]
        return item.default_factory() if item.default_factory is not MISSING else item.default

    def create(self, settings: Declared, values: Mapping[str, Any]) -> Any:
        """An object with the values as attributes, for rules."""
        if isinstance(settings, type):
            return settings(**values)
        defaults = {name: self.default(name) for name in self.items if name not in values}
        return SimpleNamespace(**defaults, **values)

    def result(self, created: Any) -> Any:
        """The object that the author gets: an instance of the dataclass, or a dictionary."""
        return {name: getattr(created, name) for name in self.keys} if self.table else created


_KNOWN: Final[dict[Declared, Declaration]] = {}
_KEYS: Final[dict[Field[Any], Key]] = {}
"""By field object. A class shares those of its base, and so their keys, each of which takes memory in a component."""


def declaration(settings: Declared) -> Declaration:
    """Raises `TypeError` for anything but a dataclass or a `Table`, and for mistakes in a declaration."""
    found = _KNOWN.get(settings)
    if found is None:
        found = _KNOWN[settings] = _declaration(settings)
    return found


def _declaration(settings: Declared) -> Declaration:
    if isinstance(settings, Table):
        title, doc, rules, naming = settings.title, settings.doc, settings.rules, Naming.AS_FIELDS
        items = settings.keys
    elif isinstance(settings, type) and is_dataclass(settings):
        title, doc = settings.__name__, _own_doc(settings)
        items = {item.name: item for item in fields(settings) if item.init}
        # `rules` and `naming` may be keys, too.
        bases = [] if "rules" in items else reversed(settings.__mro__)
        rules = tuple(rule for base in bases for rule in base.__dict__.get("rules", ()))
        naming = Naming.AS_FIELDS if "naming" in items else getattr(settings, "naming", Naming.AS_FIELDS)
    else:
        raise TypeError(f"settings are a dataclass or a Table, got {settings!r}")
    keys, names = {}, {}
    for name, item in items.items():
        if item not in _KEYS:
            _KEYS[item] = _key(f"{title}.{name}", item, settings)
        keys[name] = _KEYS[item]
        names[name] = keys[name].name or naming.of(name)
    found = Declaration(title, doc, keys, names, items, rules, isinstance(settings, Table))
    _check_names(found)
    _check_rules(found)
    return found


def keys_of(settings: Declared) -> Mapping[str, Key]:
    """The keys by field name, in order of declaration."""
    return declaration(settings).keys


def rules_of(settings: Declared) -> tuple[Rule, ...]:
    """The class' own rules about several keys, and those it inherits."""
    return declaration(settings).rules


def json_name(settings: Declared, field_name: str) -> str:
    """The name of a key in the configuration."""
    return declaration(settings).names[field_name]


def default_of(settings: Declared, field_name: str) -> Any:
    """The default of a key; `MISSING` if the key is required."""
    return declaration(settings).default(field_name)


def prepare(settings: Declared) -> None:
    """Read these declarations and those of all objects inside. Call it at module level, so that it runs in the build.

    Raises `TypeError` for a mistake in a declaration.
    """
    for _ in _all_keys(settings, set()):
        pass


def hides_value(entry: Key) -> bool:
    """Whether messages leave out this key's value: the key is secret, or an object with a secret key."""
    return entry.secret or any(one.secret for one in _all_keys(entry.keys, set()))


def _all_keys(settings: Declared | None, seen: set[Declared]) -> Iterator[Key]:
    if settings is not None and settings not in seen:
        seen.add(settings)
        for entry in keys_of(settings).values():
            yield entry
            yield from _all_keys(entry.keys, seen)


def _own_doc(settings: type[Any]) -> str:
    doc = settings.__doc__ or ""
    generated = doc.startswith(f"{settings.__name__}(")  # The decorator writes the signature.
    return "" if generated else " ".join(doc.split())


def _key(where: str, item: Field[Any], settings: Declared) -> Key:
    given, options = item.metadata.get(METADATA, (None, {}))
    try:
        found = shape(type_of(settings, item) if given is None and isinstance(settings, type) else given)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None
    options = dict(options)
    choices = options.pop("choices", ()) or found.choices
    names = options.pop("names", ()) or found.names
    entry = Key(kind=found.kind, choices=choices, names=names, keys=found.keys, **options)
    _check_lists(where, entry)
    _check_options(where, entry)
    if entry.convert is None:
        _check_default(where, entry.kind, item.default)
    return entry


def _check_lists(where: str, entry: Key) -> None:
    for option, kind in {"choices": str, "names": str, "aliases": str, "patterns": Pattern}.items():
        given = getattr(entry, option)
        if not isinstance(given, tuple) or not all(isinstance(one, kind) for one in given):
            raise TypeError(f"{where}: {option} must be a tuple of {kind.__name__}, got {given!r}")
    for pattern in entry.patterns:
        try:
            re.compile(pattern.expression)
        except re.error as error:
            raise TypeError(f"{where}: the pattern {pattern.expression!r} cannot be read: {error}") from None


_DEFAULTS: Final[dict[Kind, type | tuple[type, ...]]] = {
    Kind.STRING: str,
    Kind.BOOLEAN: bool,
    Kind.INTEGER: int,
    Kind.NUMBER: (int, float),
}


def _check_default(where: str, kind: Kind, default: Any) -> None:
    """Type checkers cannot: `key` returns `Any`."""
    expected = _DEFAULTS.get(kind)
    if expected is None or default is None or default is MISSING:
        return
    if not isinstance(default, expected) or (isinstance(default, bool) and kind is not Kind.BOOLEAN):
        raise TypeError(f"{where}: the default of this {kind.value} is of type {type(default).__name__}")


def _check_options(where: str, entry: Key) -> None:
    kind = entry.kind
    misplaced = {
        "choices": entry.choices and kind is not Kind.STRING,
        "minimum": entry.minimum is not None and kind not in NUMBERS,
        "maximum": entry.maximum is not None and kind not in NUMBERS,
        "length": entry.length is not None and kind not in TEXTS,
        "patterns": entry.patterns and kind not in TEXTS,
        "trim": entry.trim and kind is not Kind.STRING,
        "names": entry.names and kind not in MAPS | {Kind.STRINGS},
    }
    for option, wrong in misplaced.items():
        if wrong:
            raise TypeError(f"{where}: {option} means nothing for a key of type {kind.value}")
    if entry.keys is None and kind in OBJECTS - {Kind.OBJECT}:
        raise TypeError(f"{where}: a key of type {kind.value} needs a dataclass or a Table for its objects")
    if entry.trim and (entry.choices or entry.patterns or entry.length is not None):
        raise TypeError(f"{where}: trim cannot be combined with choices, patterns and length, which a schema checks")


def _check_names(found: Declaration) -> None:
    seen: dict[str, str] = {}
    for field_name, entry in found.keys.items():
        for name in (found.names[field_name], *entry.aliases):
            if name.startswith("_"):
                raise TypeError(f"{found.title}.{field_name}: a key cannot be called {name}: such keys are comments")
            if name in seen:
                raise TypeError(f"{found.title}: {seen[name]} and {field_name} are both called {name}")
            seen[name] = field_name


def _check_rules(found: Declaration) -> None:
    for rule in found.rules:
        match rule:
            case Required(name, when):
                named = {name} | names_of(when)
            case Exclusive(name, other):
                named = {name, other}
            case NoEffect(names, _, when):
                named = {*names} | names_of(when)
        for name in sorted(named - found.keys.keys()):
            raise TypeError(f"{found.title}.rules: there is no field {name}")
