"""`PluginContext`: the plugin itself, apart from any stream."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from . import callback_functions, checks, log, properties
from .core.plugin_state import PluginState
from .core.running import current
from .core.ticks import Ticks
from .wire import CREATE, LEASE_PREFIX, Host

LEASE_SECONDS = 60


class PluginContext(PluginState):
    """One running instance of a plugin: its values, its timers, and whether it is the leader."""

    def __init__(self, host: Host, ticks: Ticks, name: str) -> None:
        super().__init__(host, ticks, name)
        self._values: dict[str, Any] = {}
        self._instance = ""
        self._is_leader = False

    # The plugin's own values.

    def set_context(self, key: str, value: Any) -> None:
        """Keep a value as long as this instance lives."""
        self._values[key] = value

    def get_context(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    # What the host knows.

    def get_property(self, *path: str) -> bytes | None:
        """A property of the plugin, for example `get_property("plugin_name")`; None if the host does not know it."""
        return self.host.get_property(0, path)

    def set_property(self, path: str | Iterable[str], value: bytes) -> None:
        properties.put(self.host, 0, path, value)

    def call_foreign_function(self, name: str, argument: bytes = b"") -> bytes:
        """Call a function of this host, which others may not have. Raises `ForeignFunctionError`."""
        argument = checks.data(argument, "the argument of a foreign function")
        return self.host.call_foreign_function(name, argument)

    @property
    def can_send_again(self) -> bool:
        """Whether this gateway can send another request in a stream at all; see `HttpContext.send_again`."""
        return current("can_send_again").sends_again

    @property
    def times_first_byte(self) -> bool:
        """Whether this gateway limits the time until the body of a response begins, while a plugin holds its headers.
        Others limit only the time to the headers; see `HttpContext.set_first_byte_timeout`."""
        return current("times_first_byte").times_first_byte

    # Configuration.

    def enable_rule_level_config_isolation(self) -> None:
        """A broken rule is replaced by its last good version, or left out; the others apply.

        Call it in `pre_start_or_reload`, or give `Plugin(..., rule_isolation=True)`.
        """
        self.rule_isolation = True

    def is_rule_level_config_isolation(self) -> bool:
        return self.rule_isolation

    # Timers.

    def register_tick(self, period_ms: int, function: Callable[[], None]) -> None:
        """Call a function every so many milliseconds, first at once. For timers that depend on the configuration.

        Call it while the plugin starts: in `pre_start_or_reload` or `parse_config`.
        """
        self.ticks.register(period_ms, function)

    # The log.

    def filter_tracebacks(self, function: Callable[[str], str]) -> None:
        """Register a function that changes each traceback of this plugin before it is logged. It can remove secrets,
        which any exception may have in its message. If the function raises, the traceback is not shown at all.
        """
        callback_functions.check(function, "the filter of tracebacks", "filter_tracebacks", ("text",))
        self.traceback_filters.append(function)

    # Leader election.

    def do_leader_election(self) -> bool:
        """Try to become or to stay the leader among the instances of this plugin. Returns whether this one is it.

        The lease is 60 seconds: call it more often, from a tick. There is at most one leader at a time.
        """
        self._is_leader = self._acquire_lease()
        return self._is_leader

    def is_leader(self) -> bool:
        """The outcome of the last election."""
        return self._is_leader

    def _acquire_lease(self) -> bool:
        host = self.host
        if not self._instance:
            self._instance = str(uuid.UUID(bytes=host.random_bytes(16), version=4))
        now = host.now() // 1_000_000_000
        key = f"{LEASE_PREFIX}{self.fingerprint}"
        entry = host.get_shared_data(key)
        cas = CREATE
        if entry is not None:
            value, cas = entry
            try:
                lease = json.loads(value)
                holder, since = lease["vmID"], int(lease["timestamp"])
            except (ValueError, KeyError, TypeError) as error:
                # If it stayed there, no instance could ever become the leader.
                log.error("the leader's lease is damaged and written anew: %s", error)
                holder, since = "", 0
            if holder != self._instance and now - since <= LEASE_SECONDS:
                return False
        # Compare-and-swap: of two instances that find the lease free, one gets it.
        return host.set_shared_data(key, json.dumps({"vmID": self._instance, "timestamp": now}).encode(), cas)


def plugin_context() -> PluginContext:
    """The context of the running plugin, from any of its callbacks."""
    context = current("plugin_context()").plugin_context
    assert isinstance(context, PluginContext)
    return context
