"""One plugin that behaves in many ways; its configuration says how: `{"do": NAME, ...}`.

A build takes ten seconds, so that all tests that run natively and in Wasm share this one.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from proxywasm import ConfigError, Plugin

from . import (
    any_text,
    bad_input,
    callouts,
    deceptive,
    flow,
    hoarding,
    own_mistakes,
    plugin_wide,
    redis_calls,
    registration,
    secretive,
    sending_again,
    stdlib,
    wrong_arguments,
)

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {
    **any_text.PLUGINS,
    **bad_input.PLUGINS,
    **callouts.PLUGINS,
    **deceptive.PLUGINS,
    **flow.PLUGINS,
    **hoarding.PLUGINS,
    **own_mistakes.PLUGINS,
    **plugin_wide.PLUGINS,
    **redis_calls.PLUGINS,
    **registration.PLUGINS,
    **secretive.PLUGINS,
    **sending_again.PLUGINS,
    **stdlib.PLUGINS,
    **wrong_arguments.PLUGINS,
}

plugin: Plugin[Config] = Plugin("behaviours")


@plugin.parse_config
def become(document: Config) -> Config:
    chosen = PLUGINS.get(document["do"])
    if chosen is None:
        raise ConfigError(f"do: no such behaviour: {document['do']}")
    for field in fields(chosen.callbacks):
        setattr(plugin.callbacks, field.name, getattr(chosen.callbacks, field.name))
    plugin.callbacks.parse_config = become
    for option in ("rebuild_after_requests", "rebuild_max_memory"):
        setattr(plugin, option, getattr(chosen, option))
    parse = chosen.callbacks.parse_config
    return parse(document) if parse else document
