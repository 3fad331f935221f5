"""The settings that a plugin declares with `proxywasm.config`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from proxywasm import Plugin, config
from proxywasm.config import Declared


@dataclass(frozen=True, slots=True)
class Declarations:
    """Those of the configuration, and of a rule. None: the plugin does not declare them."""

    settings: Declared | None
    rule: Declared | None


def declarations(plugin: Plugin[Any]) -> Declarations:
    """Rules have the same settings as the configuration, unless the plugin parses them otherwise."""
    callbacks = plugin.callbacks
    settings = _declared(callbacks.parse_config)
    override = callbacks.parse_override_config
    return Declarations(settings, settings if override is None else _declared(override))


def _declared(parse: object) -> Declared | None:
    return parse.settings if isinstance(parse, config.Reader | config.RuleReader) else None
