"""Rules about several keys of a settings class. Rules are data, because the JSON Schema is made from them, too.

Keys are named by their fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Given:
    """The key has a value, and not an empty one."""

    name: str

    def __call__(self, settings: Any) -> bool:
        return bool(getattr(settings, self.name))


@dataclass(frozen=True, slots=True)
class Is:
    """The key has this value, by default or because the configuration says so."""

    name: str
    value: Any

    def __call__(self, settings: Any) -> bool:
        return bool(getattr(settings, self.name) == self.value)


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    of: Condition

    def __call__(self, settings: Any) -> bool:
        return not self.of(settings)


@dataclass(frozen=True, slots=True)
class All:
    """All of these conditions hold."""

    of: tuple[Condition, ...] = ()

    def __call__(self, settings: Any) -> bool:
        return all(condition(settings) for condition in self.of)


Condition: TypeAlias = Given | Is | Not | All

ALWAYS: Final = All()


@dataclass(frozen=True, slots=True)
class Required:
    """The key must be given when the condition holds. `why` follows "is required"."""

    name: str
    when: Condition = ALWAYS
    why: str = ""


@dataclass(frozen=True, slots=True)
class Exclusive:
    """The keys must not both be given. `why` follows "cannot be combined with ..."."""

    name: str
    other: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class NoEffect:
    """The keys have no effect when the condition holds. Giving them is probably a mistake, and a warning."""

    names: tuple[str, ...]
    why: str
    """Follows "has no effect: "."""
    when: Condition = ALWAYS
    even_default: bool = False
    """Warn also when the given value is the default: it contradicts another key."""


Rule: TypeAlias = Required | Exclusive | NoEffect


def names_of(condition: Condition) -> set[str]:
    """The fields that a condition looks at."""
    match condition:
        case Given(name) | Is(name):
            return {name}
        case Not(of):
            return names_of(of)
        case All(several):
            return {name for one in several for name in names_of(one)}
