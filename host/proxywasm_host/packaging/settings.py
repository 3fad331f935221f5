"""The settings of a plugin: those that it declares with `proxywasm.config`, and the schema of its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxywasm import Plugin, config
from proxywasm.config import Declared
from proxywasm.config.generate.document import plugin_schema

from ..building.flagship import flagship_schema, is_flagship


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


def schema_of(plugin: Plugin[Any], source: Path) -> dict[str, Any] | None:
    """The JSON Schema of the whole configuration of the plugin at this path; None: the plugin does not say what it is.

    The keys of ai_proxy depend on the provider. It reads them itself, and has a schema that is made for it.
    """
    if is_flagship(source):
        return flagship_schema()
    declared = declarations(plugin)
    if declared.settings is None:
        return None
    return plugin_schema(plugin.name, declared.settings, declared.rule)


def _declared(parse: object) -> Declared | None:
    return parse.settings if isinstance(parse, config.Reader | config.RuleReader) else None
