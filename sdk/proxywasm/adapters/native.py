"""The plugin in the same CPython process as its host: for tests with a debugger, coverage and hypothesis."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import log
from ..dispatcher import Dispatcher
from ..plugin import Plugin
from ..runtime import guard_sleep, running
from ..wire import Host, Outcome, Program


class PluginNotFoundError(ImportError):
    """There is no plugin where one was expected. The message says what was looked for."""


def load_plugin(path: Path) -> Plugin[Any]:
    """The plugin of a package folder or a module file: its attribute `plugin`.

    The folder that holds it is put on `sys.path`, as a build does.
    """
    if not (path.suffix == ".py" or (path / "__init__.py").is_file()):
        raise PluginNotFoundError(f"{path} is neither a Python file nor a package folder with an __init__.py")
    guard_sleep()
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = importlib.import_module(path.resolve().stem)
    plugin = getattr(module, "plugin", None)
    if not isinstance(plugin, Plugin):
        raise PluginNotFoundError(f"{path} has no attribute `plugin` that is a proxywasm.Plugin")
    return plugin


def native_program(plugin: Plugin[Any], host: Host) -> Program:
    """The plugin as a program: the dispatcher already speaks the host's language."""
    guard_sleep()
    return _NativeDispatcher(plugin, host)


class _NativeDispatcher(Dispatcher):
    """One plugin of several in the process: what `running` and `print` mean is set for each call."""

    def run(self, context: int, function: Callable[..., Any], *args: Any, own: int | None = None) -> Outcome:
        token = running.set(self)
        saved = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = log.stdout, log.stderr
        try:
            return super().run(context, function, *args, own=own)
        finally:
            sys.stdout, sys.stderr = saved
            running.reset(token)
