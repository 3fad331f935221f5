"""Find the plugin of a source: exactly one, in the attribute `plugin`, with callbacks."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from .core.definition import Callbacks
from .made_plugins import MadePlugins
from .plugin import Plugin

NO_PLUGIN: Final = "no attribute `plugin` that is a proxywasm.Plugin"


class PluginNotFoundError(ImportError):
    """A source does not have the one plugin that is expected. The message says what is wrong."""


def plugin_of(module: ModuleType, made: MadePlugins) -> Plugin[Any]:
    """The plugin of a module that was imported within `made`. Raises `PluginNotFoundError`."""
    where = module.__file__ or module.__name__
    plugin = getattr(module, "plugin", None)
    if not isinstance(plugin, Plugin):
        raise PluginNotFoundError(
            f'{where} has {NO_PLUGIN}; the module that is built has to define one: plugin = Plugin("name")'
        )
    same = made.beside(plugin)
    if len(same) > 1:
        lines = " and ".join(str(each.line) for each in same)
        raise PluginNotFoundError(
            f"{same[0].file} makes {len(same)} plugins, in lines {lines}, of which only one would run: put each into a "
            "file of its own, or register all callbacks with one"
        )
    check_callbacks(plugin, where)
    return plugin


def check_callbacks(plugin: Plugin[Any], where: str) -> None:
    """Raises `PluginNotFoundError` if the plugin has none."""
    callbacks = plugin.callbacks
    if callbacks == Callbacks(callbacks.stream_context, callbacks.plugin_context):
        raise PluginNotFoundError(
            f"{where}: the plugin {plugin.name!r} has no callbacks, so it would do nothing; register one, for example "
            "with @plugin.on_request_headers"
        )
