"""The configuration of a plugin: keys are declared once, and everything else follows from the declarations.

An author writes a dataclass whose fields are the keys, or a `Table` of them. From it come the checked values, messages
with all problems at once, a JSON Schema and documentation.

>>> from dataclasses import dataclass
>>> from proxywasm import config
>>> @dataclass(frozen=True)
... class Settings:
...     limit: int = config.key("requests that a client may make in a minute", minimum=1)
...     header: str = config.key("tells clients apart", default="x-user")
>>> config.read({"limit": 5}, Settings)
Settings(limit=5, header='x-user')
>>> config.read({"limit": 0, "heder": "x-key"}, Settings)
Traceback (most recent call last):
proxywasm.wire.ConfigError: limit: must be at least 1, got 0
heder: unknown key; did you mean header?

`generate/` makes schemas and documentation. It is imported when it is first used, and is not part of components.
"""

from __future__ import annotations

from typing import Any

from .declaration import Declared, default_of, json_name, keys_of, prepare, rules_of
from .keys import Key, Kind, Naming, Pattern, Table, key
from .problems import Fault, Invalid, Problem, did_you_mean, nearest, type_name
from .reader import Reader, RuleReader, problems, read, reader, rule_reader
from .reading import apply_rules, read_object
from .rules import ALWAYS, All, Condition, Exclusive, Given, Is, NoEffect, Not, Required, Rule


def json_schema(settings: Declared) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of these settings, for editors and for checks before a rollout."""
    from .generate.document import settings_schema  # noqa: PLC0415  # not in the guest

    return settings_schema(settings)


def markdown(settings: Declared) -> str:
    """A table of the keys, and one for each kind of object inside, for documentation."""
    from .generate.tables import page  # noqa: PLC0415  # not in the guest

    return page(settings)


__all__ = [
    "ALWAYS",
    "All",
    "Condition",
    "Declared",
    "Exclusive",
    "Fault",
    "Given",
    "Invalid",
    "Is",
    "Key",
    "Kind",
    "Naming",
    "NoEffect",
    "Not",
    "Pattern",
    "Problem",
    "Reader",
    "Required",
    "Rule",
    "RuleReader",
    "Table",
    "apply_rules",
    "default_of",
    "did_you_mean",
    "json_name",
    "json_schema",
    "key",
    "keys_of",
    "markdown",
    "nearest",
    "prepare",
    "problems",
    "read",
    "read_object",
    "reader",
    "rule_reader",
    "rules_of",
    "type_name",
]
