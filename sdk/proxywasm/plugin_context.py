"""`PluginContext`: the plugin itself, apart from any stream."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from . import callback_functions, checks, log, properties
from .checks import MAX_U32
from .errors import RuleError
from .wire import CREATE

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

LEASE_SECONDS = 60
TICK_MS = 100
"""The granularity of ticks."""


class PluginContext:
    """One running instance of a plugin: its own values, timers and its part in the election of a leader."""

    def __init__(self, dispatcher: Dispatcher, name: str) -> None:
        self.dispatcher = dispatcher
        self.name = name
        self.plugin_id = ""
        """`_plugin_id_` of the configuration."""
        self.config: Any = None
        """The global configuration; None if there are only rules, or none yet."""
        self.traceback_filters: list[Callable[[str], str]] = []
        self._values: dict[str, Any] = {}
        self._rule_isolation = False
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
        return self.dispatcher.host.get_property(0, path)

    def set_property(self, path: str | Iterable[str], value: bytes) -> None:
        properties.put(self.dispatcher.host, 0, path, value)

    def call_foreign_function(self, name: str, argument: bytes = b"") -> bytes:
        """A function that this host has and others may not. Raises `ForeignFunctionError`."""
        argument = checks.data(argument, "the argument of a foreign function")
        return self.dispatcher.host.call_foreign_function(name, argument)

    # Configuration.

    def enable_rule_level_config_isolation(self) -> None:
        """A broken rule is replaced by its last good version, or left out; the others apply.

        Call it in `pre_start_or_reload`, or give `Plugin(..., rule_isolation=True)`.
        """
        self._rule_isolation = True

    def is_rule_level_config_isolation(self) -> bool:
        return self._rule_isolation

    # Timers.

    def register_tick(self, period_ms: int, function: Callable[[], None]) -> None:
        """Call a function every so many milliseconds, first at once. For timers that depend on the configuration.

        Call it while the plugin starts: in `pre_start_or_reload` or `parse_config`.
        """
        self.dispatcher.ticks.register(period_ms, function)

    # The log.

    def filter_tracebacks(self, function: Callable[[str], str]) -> None:
        """Have a function change each traceback of this plugin before anybody sees it: take secrets out of it, which
        may stand in the message of any exception. One that raises leaves nothing of the traceback.
        """
        callback_functions.check(function, "the filter of tracebacks", "filter_tracebacks", ("text",))
        self.traceback_filters.append(function)

    # Leader election.

    @property
    def fingerprint(self) -> str:
        """Tells this plugin from others of the same host; the same in all its instances."""
        name = (self.get_property("plugin_name") or b"").decode(errors="replace") or self.name
        return f"{name}:{self.plugin_id}" if self.plugin_id else name

    def do_leader_election(self) -> bool:
        """Try to become the leader among the instances of this plugin, or to stay it; whether this one is it now.

        The lease is 60 seconds: call it more often, from a tick. There is at most one leader at a time.
        """
        self._is_leader = self._acquire_lease()
        return self._is_leader

    def is_leader(self) -> bool:
        """The outcome of the last election."""
        return self._is_leader

    def _acquire_lease(self) -> bool:
        host = self.dispatcher.host
        if not self._instance:
            self._instance = str(uuid.UUID(bytes=host.random_bytes(16), version=4))
        now = host.now() // 1_000_000_000
        key = f"higress_wasm_vm_lease:{self.fingerprint}"
        entry = host.get_shared_data(key)
        cas = CREATE
        if entry is not None:
            value, cas = entry
            try:
                lease = json.loads(value)
                holder, since = lease["vmID"], int(lease["timestamp"])
            except (ValueError, KeyError, TypeError) as error:
                # Nobody could ever become leader if what nobody understands were left there.
                log.error("the leader's lease is damaged and written anew: %s", error)
                holder, since = "", 0
            if holder != self._instance and now - since <= LEASE_SECONDS:
                return False
        # Compare-and-swap: of two instances that find the lease free, one gets it.
        return host.set_shared_data(key, json.dumps({"vmID": self._instance, "timestamp": now}).encode(), cas)


def check_period(period_ms: int) -> int:
    """Raises `TypeError` or `ValueError` for what cannot be the period of a tick."""
    period_ms = checks.number(period_ms, "the period of a tick", -MAX_U32, MAX_U32)
    if period_ms < TICK_MS or period_ms % TICK_MS:
        raise ValueError(f"the period of a tick must be a multiple of {TICK_MS} milliseconds, got {period_ms}")
    return period_ms


class Ticks:
    """The timers of one plugin instance."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._entries: list[_Tick] = []
        self._period = 0
        self.open = True

    def register(self, period_ms: int, function: Callable[[], None]) -> None:
        period_ms = check_period(period_ms)
        callback_functions.check(function, "the function of a tick", "register_tick", ())
        if not self.open:
            raise RuleError("a tick can be registered only while the plugin starts, for example in parse_config")
        self._entries.append(_Tick(period_ms, function))

    def start(self) -> None:
        """The plugin has started: the first ticks are due at once, which means with the host's first event."""
        self.open = False
        self._ask_for(TICK_MS if self._entries else 0)

    def due(self) -> list[Callable[[], None]]:
        """What is to be called now."""
        now = self._dispatcher.host.now()
        due = [entry for entry in self._entries if entry.is_due(now)]
        for entry in due:
            entry.last = now
        # After the first round the gateway need not wake us more often than somebody may be due.
        self._ask_for(math.gcd(*(entry.period_ms for entry in self._entries)))
        return [entry.function for entry in due]

    def _ask_for(self, period_ms: int) -> None:
        if period_ms != self._period:
            self._period = period_ms
            self._dispatcher.host.set_tick_period(period_ms)


class _Tick:
    __slots__ = ("function", "last", "period_ms")

    def __init__(self, period_ms: int, function: Callable[[], None]) -> None:
        self.period_ms = period_ms
        self.function = function
        self.last: int | None = None

    def is_due(self, now: int) -> bool:
        # The host's timer fires a little late each time, and not equally late: half a step of tolerance.
        return self.last is None or now - self.last >= (self.period_ms - TICK_MS // 2) * 1_000_000
