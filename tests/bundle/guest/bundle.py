"""Every plugin of the tests in one component: the configuration names the plugin that an instance becomes.

The configuration is `{"plugin": NAME, "config": TEXT}`. The plugin gets the text as it is, whether it is JSON or not.
Keys that a host has added beside the two are for the SDK, and go into the plugin's own document.
"""

from __future__ import annotations

import json
from typing import Any

from bundled import PLUGINS

from proxywasm import Plugin
from proxywasm.core.dispatcher import Dispatcher
from proxywasm.wire import LogLevel

plugin: Plugin[Any] = Plugin("bundle")
plugin.parse_config(lambda document: document)  # a plugin without callbacks is not built; it becomes another's

_configure = Dispatcher.configure


def _become(self: Dispatcher, config: str, log_level: LogLevel) -> None:
    chosen = json.loads(config)
    name, text = chosen.pop("plugin"), chosen.pop("config")
    # Whoever holds the dispatcher, or a bound method of it, keeps it: it only gets another plugin.
    Dispatcher.__init__(self, PLUGINS[name], self.host)
    _configure(self, _with(text, chosen), log_level)


def _with(text: str, added: dict[str, Any]) -> str:
    try:
        document = json.loads(text or "{}") if added else None
    except ValueError:
        document = None
    return json.dumps(document | added) if isinstance(document, dict) else text


Dispatcher.configure = _become  # type: ignore[method-assign]  # the one event that says who this instance is
