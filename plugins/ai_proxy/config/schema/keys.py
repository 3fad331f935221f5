"""What is to be known about a key of the configuration."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Any, Final, Protocol

from .rules import Rule


class Kind(Enum):
    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    STRINGS = "array of strings"
    STRING_MAP = "object of strings"
    BOOLEAN_MAP = "object of booleans"
    OBJECT = "object"
    OBJECTS = "array of objects"
    DOCUMENT = "JSON document, as text or as it is"
    ANY = "any value"


class Convert(Protocol):
    """From the checked JSON value to what the plugin works with. `path` is where the value stands, for errors.

    Raises `ConfigError` for what is wrong with it beyond the reach of a table.
    """

    def __call__(self, value: Any, path: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Text:
    """A rule for the text of a value, or of each value of an array or object.

    The pattern is searched for. It is written so that Python and ECMA-262, which JSON Schema wants, read it alike:
    without `$`, for example.
    """

    pattern: str
    words: str
    """What is wanted: "must ..."."""
    forbidden: bool = False
    """The text must not have the pattern, instead of having it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    kind: Kind
    doc: str
    unit: str = ""
    """Of a number: `ms`, `s` or `tokens`."""
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    length: int | None = None
    """How many characters a text has that is not empty."""
    texts: tuple[Text, ...] = ()
    names: tuple[str, ...] = ()
    """The names that an object of strings or booleans may have, or the texts of an array; none: any."""
    trim: bool = False
    """White space around the value is a slip."""
    secret: bool = False
    """The value appears in no message."""
    expected: str = ""
    """What it means that the key is missing, if that is probably a slip."""
    example: Any = None
    """A value for documentation; of keys that somebody cannot do without."""
    shown: Any = None
    """The default as it would stand in a configuration, where the field's is no JSON."""
    aliases: tuple[str, ...] = ()
    """Other names that are understood, and reported."""
    convert: Convert | None = None
    keys: type[Any] | None = None
    """The keys of an object, or of each object of an array."""
    name: str = ""
    """The JSON name where it is not the field's name in camel case."""


_METADATA: Final = "key"


def key(kind: Kind, doc: str, *, default: Any = MISSING, factory: Any = MISSING, **more: Any) -> Any:
    """A dataclass field that is a configuration key. Without `default` and `factory` the key is required.

    `more` are the fields of `Key`.
    """
    entry = Key(kind=kind, doc=doc, **more)
    if factory is not MISSING:
        return field(default_factory=factory, metadata={_METADATA: entry}, repr=not entry.secret)
    return field(default=default, metadata={_METADATA: entry}, repr=not entry.secret)


def keys_of(settings: type[Any]) -> dict[str, Key]:
    """The keys of a settings class by field name, in order of declaration."""
    return {item.name: item.metadata[_METADATA] for item in fields(settings)}


def rules_of(settings: type[Any]) -> tuple[Rule, ...]:
    """What holds between the keys: the class' own rules and those it inherits."""
    return tuple(rule for base in reversed(settings.__mro__) for rule in base.__dict__.get("rules", ()))


def json_name(settings: type[Any], field_name: str) -> str:
    """The name of a key in the configuration.

    >>> from ai_proxy.config.settings import Settings
    >>> json_name(Settings, "api_tokens")
    'apiTokens'
    """
    return keys_of(settings)[field_name].name or _camel(field_name)


def default_of(settings: type[Any], field_name: str) -> Any:
    """`MISSING` of a key that is required."""
    item = next(item for item in fields(settings) if item.name == field_name)
    return item.default_factory() if item.default_factory is not MISSING else item.default


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
