"""The plugin whose callback is running. Module-level functions such as `shared_data.get` use it.

A context variable, not a global: natively several plugins live in one process, and a host may use threads.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import SupportsIndex

from ..errors import RuleError
from .instance import PluginInstance

running: ContextVar[PluginInstance | None] = ContextVar("proxywasm_running", default=None)


def current(what: str) -> PluginInstance:
    """The running plugin. `what` names the attempt in the error that an author gets outside of callbacks."""
    instance = running.get()
    if instance is None:
        raise RuleError(f"{what} is possible only while a callback of the plugin runs, not while its modules load")
    return instance


_system_sleep = time.sleep


def _sleep(seconds: float | SupportsIndex, /) -> None:
    if running.get() is not None:
        raise RuleError(
            "a plugin must not sleep: it would hold up every stream of its gateway; "
            "use a tick (`@plugin.on_tick`) or pause the stream and resume it from a call-out"
        )
    _system_sleep(seconds)


def guard_sleep() -> None:
    """Let `time.sleep` name the rule inside callbacks; elsewhere it stays what it is.

    In the guest nothing could wake a sleeper, and the host ends the instance. Called by the adapters before they load
    a plugin, so that `from time import sleep` gets this one too.
    """
    time.sleep = _sleep
