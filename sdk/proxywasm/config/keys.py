"""Keys of the configuration, and how an author declares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field
from enum import Enum
from typing import Any, Final

from .rules import Rule


class Naming(Enum):
    """How names of fields become keys of the configuration."""

    AS_FIELDS = "as the fields"
    CAMEL_CASE = "the fields' names in camel case"

    def of(self, field_name: str) -> str:
        """The key of a field.

        >>> Naming.CAMEL_CASE.of("api_tokens")
        'apiTokens'
        """
        if self is Naming.AS_FIELDS:
            return field_name
        head, *tail = field_name.split("_")
        return head + "".join(word.capitalize() for word in tail)


class Kind(Enum):
    """Types of JSON values. The documentation shows the members' values."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    STRINGS = "array of strings"
    INTEGERS = "array of integers"
    NUMBERS = "array of numbers"
    STRING_MAP = "object of strings"
    BOOLEAN_MAP = "object of booleans"
    INTEGER_MAP = "object of integers"
    NUMBER_MAP = "object of numbers"
    OBJECT = "object"
    OBJECTS = "array of objects"
    OBJECT_MAP = "object of objects"
    DOCUMENT = "JSON document, as text or as it is"
    ANY = "any value"


TEXTS: Final = frozenset({Kind.STRING, Kind.STRINGS, Kind.STRING_MAP})
NUMBERS: Final = frozenset({Kind.INTEGER, Kind.INTEGERS, Kind.INTEGER_MAP, Kind.NUMBER, Kind.NUMBERS, Kind.NUMBER_MAP})
MAPS: Final = frozenset({Kind.STRING_MAP, Kind.BOOLEAN_MAP, Kind.INTEGER_MAP, Kind.NUMBER_MAP})
OBJECTS: Final = frozenset({Kind.OBJECT, Kind.OBJECTS, Kind.OBJECT_MAP})


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule for a string, or for each string of an array or object.

    The expression is searched for. Write it so that Python and ECMA-262, which JSON Schema uses, read it alike: without
    `$`, for example.
    """

    expression: str
    message: str
    """What is expected: "must ..."."""
    forbidden: bool = False
    """The string must not match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A declared key. `key` describes the fields."""

    kind: Kind
    doc: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    length: int | None = None
    patterns: tuple[Pattern, ...] = ()
    names: tuple[str, ...] = ()
    trim: bool = False
    secret: bool = False
    essential: bool = False
    expected: str = ""
    example: Any = None
    shown: Any = None
    aliases: tuple[str, ...] = ()
    convert: Callable[[Any], Any] | None = None
    keys: type[Any] | Table | None = None
    """The keys of an object, or of each object of an array or object."""
    name: str = ""


METADATA: Final = "configuration key"
"""The name of the arguments of `key` in the metadata of a dataclass field."""


def key(
    doc: str = "",
    type: Any = None,  # noqa: A002  # the word of JSON Schema
    *,
    default: Any = MISSING,
    factory: Callable[[], Any] | None = None,
    name: str = "",
    aliases: tuple[str, ...] = (),
    unit: str = "",
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    length: int | None = None,
    patterns: tuple[Pattern, ...] = (),
    names: tuple[str, ...] = (),
    trim: bool = False,
    secret: bool = False,
    essential: bool = False,
    convert: Callable[[Any], Any] | None = None,
    shown: Any = None,
    example: Any = None,
    expected: str = "",
) -> Any:
    """A dataclass field that is a configuration key. Without `default` and `factory` the key is required.

    Args:
        doc: what the key means, for messages and documentation.
        type: the type of the JSON value, where it is not that of the field: `str`, `tuple[int, ...]`, a settings
            class, a `Table`, a `Kind`.
        default: the value when the key is missing or null. It is not converted.
        factory: makes the default.
        name: the key's name in the configuration, where it is not the field's.
        aliases: older names, which are understood and reported.
        unit: of a number, for the documentation: `ms`, `s`, `tokens`, ...
        choices: the strings that are allowed; `Literal["a", "b"]` as the field's type does the same.
        minimum: of a number, or of each number of an array or object.
        maximum: of a number, or of each number of an array or object.
        length: the exact number of characters of a string that is not empty.
        patterns: rules for a string, or for each string of an array or object.
        names: the names that an object may have, or the strings of an array.
        trim: remove white space around a string.
        secret: the value appears in no message, no `repr` and no documentation.
        essential: a wrong value refuses the configuration even where wrong values of other keys are ignored; see the
            argument `salvage` of `read_object`.
        convert: makes of the checked value what the plugin works with. A `ValueError` that it raises refuses the
            configuration with the error's text. `Invalid` says where in the value the problem is.
        shown: the default as JSON, for the documentation, where the default itself is not JSON.
        example: a value for the documentation.
        expected: warn when this optional key is missing; the text says what that means.
    """
    if factory is not None and default is not MISSING:
        raise TypeError("a key has a default or a factory, not both")
    if default.__class__.__hash__ is None:
        raise TypeError(f"all settings would share a {default.__class__.__name__} as default; use factory=... for it")
    options = {
        "doc": doc, "name": name, "aliases": aliases, "unit": unit, "choices": choices, "minimum": minimum,
        "maximum": maximum, "length": length, "patterns": patterns, "names": names, "trim": trim, "secret": secret,
        "essential": essential, "convert": convert, "shown": shown, "example": example, "expected": expected,
    }  # fmt: skip
    metadata = {METADATA: (type, options)}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


class Table:
    """Keys without a class, by their names in the configuration. Reading gives a dictionary with all of them.

    >>> limits = Table("Limits", {"per-minute": key("requests of a client", int, default=60, minimum=1)})
    >>> limits
    Table('Limits')
    """

    def __init__(self, title: str, keys: Mapping[str, Any], *, doc: str = "", rules: tuple[Rule, ...] = ()) -> None:
        """`keys` are made with `key`, each with its `type`."""
        for name, item in keys.items():
            if not isinstance(item, Field) or METADATA not in item.metadata:
                raise TypeError(f"Table {title}: {name} must be made with key(...), got {item.__class__.__name__}")
        self.title, self.keys, self.doc, self.rules = title, dict(keys), doc, rules

    def __repr__(self) -> str:
        return f"Table({self.title!r})"
