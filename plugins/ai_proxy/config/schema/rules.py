"""What holds between the keys of a settings class: as data, because a JSON Schema is made of it too.

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
    """The key has this value, by default or because somebody says so."""

    name: str
    value: Any

    def __call__(self, settings: Any) -> bool:
        return bool(getattr(settings, self.name) == self.value)


@dataclass(frozen=True, slots=True)
class Not:
    of: Condition

    def __call__(self, settings: Any) -> bool:
        return not self.of(settings)


@dataclass(frozen=True, slots=True)
class All:
    of: tuple[Condition, ...] = ()

    def __call__(self, settings: Any) -> bool:
        return all(condition(settings) for condition in self.of)


Condition: TypeAlias = Given | Is | Not | All

ALWAYS: Final = All()


@dataclass(frozen=True, slots=True)
class Need:
    """The key must be given when the condition holds. `why` follows "is required"."""

    name: str
    when: Condition = ALWAYS
    why: str = ""


@dataclass(frozen=True, slots=True)
class Apart:
    """The keys must not both be given. `why` follows "cannot be combined with ..."."""

    name: str
    other: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Idle:
    """Keys have no effect when the condition holds, so that who gives them is in error about something."""

    names: tuple[str, ...]
    why: str
    when: Condition = ALWAYS
    even_default: bool = False
    """Also when the value that is given is the default: it contradicts another key."""


Rule: TypeAlias = Need | Apart | Idle
