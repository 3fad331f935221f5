"""The state of a plugin apart from its streams. The facade's `PluginContext` is a subclass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..wire import Host
from .ticks import Ticks


class PluginState:
    """One running instance of a plugin: its identity, its configuration, and its requests at the start."""

    def __init__(self, host: Host, ticks: Ticks, name: str) -> None:
        self.host = host
        """For the SDK."""
        self.ticks = ticks
        """For the SDK."""
        self.name = name
        self.plugin_id = ""
        """`_plugin_id_` of the configuration."""
        self.config: Any = None
        """The global configuration; None if there are only rules, or none yet."""
        self.rule_isolation = False
        """A broken rule is replaced by its last good version, or left out; the others apply."""
        self.traceback_filters: list[Callable[[str], str]] = []

    @property
    def fingerprint(self) -> str:
        """Identifies this plugin among others of the same host; the same in all its instances."""
        name = (self.host.get_property(0, ("plugin_name",)) or b"").decode(errors="replace") or self.name
        return f"{name}:{self.plugin_id}" if self.plugin_id else name
