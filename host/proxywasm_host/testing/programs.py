"""The flavours in which a test can run a plugin. Each one starts fresh instances in its own way."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias, cast

from proxywasm import Plugin
from proxywasm.core.running import guard_sleep
from proxywasm.loading import PluginNotFoundError, check_callbacks, plugin_of
from proxywasm.made_plugins import MadePlugins
from proxywasm.wire import Program, ProgramLost

from ..building.build import BOUNDS, build, build_module
from ..building.proxy_wasm import SLOW
from ..building.staging import collect
from ..services import HostServices
from ..services.call_time import CallTime
from ..services.frozen_clock import frozen_program
from ..wasm.component import ComponentProgram
from ..wasm.engine import Component, Engine
from .gateways import Start
from .played import Played
from .traffic import ScenarioError

PluginSource: TypeAlias = "Plugin[Any] | str | os.PathLike[str] | Start"
"""A plugin object, its Python file or package folder, a built component (`.wasm`), or what `start_of` returned."""


IMPORT_TIME: Final[float] = BOUNDS.seconds
"""Seconds of processor time for importing a plugin natively: the same as in a build."""


class PluginImportError(AssertionError):
    """The plugin's source cannot be imported. The message is its traceback."""


def start_of(plugin: PluginSource) -> Start:
    """How to start this plugin.

    Source files run natively, and each instance imports them again: as in Wasm, instances share no module globals. A
    plugin object is run as it is.
    """
    if isinstance(plugin, Plugin):
        check_callbacks(plugin, "the test")
        return Played(lambda services: frozen_program(plugin, services))
    if not isinstance(plugin, str | os.PathLike):
        return plugin
    path = Path(plugin)
    return component_start(path) if path.suffix == ".wasm" else native_start(path)


def starts_of(plugins: PluginSource | Sequence[PluginSource]) -> list[Start]:
    """How to start a plugin, or each of a chain."""
    if isinstance(plugins, list | tuple):
        if not plugins:
            raise ScenarioError("a chain has at least one plugin")
        return [start_of(plugin) for plugin in plugins]
    return [start_of(cast("PluginSource", plugins))]


def native_start(source: Path) -> Start:
    """Instances in this process, under the debugger and coverage."""
    path = source.resolve()

    def start(services: HostServices) -> Program:
        __tracebackhide__ = True
        return frozen_program(import_afresh(path), services)

    return Played(start)


def wasm_start(source: Path) -> Start:
    """Instances of a component, which is built from the source if that has changed."""
    return component_start(build(source).path)


def envoy_start(source: Path) -> Start:
    """Instances in a real Envoy, from a Proxy-Wasm module, which is built from the source if that has changed."""
    # Imported late: the rest of the kit works without Envoy.
    from .envoy import EnvoyStart  # noqa: PLC0415

    return EnvoyStart(source.stem, build_module(source, without=SLOW).path)


FLAVOURS: Final[dict[str, Callable[[Path], Start]]] = {
    "native": native_start,
    "wasm": wasm_start,
    "envoy": envoy_start,
}
"""By the name that `--proxywasm` and test ids use."""


# Wasm.


def component_start(file: Path) -> Start:
    component = load_component(file.resolve())
    return Played(lambda services: ComponentProgram(component, services, reproducible=services.reproducible))


@cache
def load_component(file: Path) -> Component:
    return _engine().load(file)


@cache
def _engine() -> Engine:
    # A test calls a plugin a few times; what takes long is to compile it.
    return Engine(optimize=False)


# Native.


def import_afresh(path: Path) -> Plugin[Any]:
    """Import a plugin as if it had never been imported, with the modules that lie beside it.

    Raises `PluginImportError`.
    """
    __tracebackhide__ = True
    guard_sleep()  # before `from time import sleep`
    name, folder = path.stem, path.parent
    own = _own_modules(path)
    for module in [module for module in sys.modules if module.partition(".")[0] in own]:
        del sys.modules[module]
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        with MadePlugins() as made:
            imported = _import(name, path)
    finally:
        sys.path.remove(str(folder))
    try:
        return plugin_of(imported, made)
    except PluginNotFoundError as error:
        raise PluginImportError(str(error)) from None


@cache
def _own_modules(path: Path) -> frozenset[str]:
    """Top-level modules of a component that come from the plugin's own folder. Raises `StagingError`."""
    files = collect(path).files
    return frozenset(
        name.partition("/")[0].removesuffix(".py")
        for name, file in files.items()
        if file.is_relative_to(path.parent) and not name.startswith("proxywasm/")
    )


def _import(name: str, path: Path) -> ModuleType:
    __tracebackhide__ = True
    # By its path: another module of this name may come first on `sys.path`.
    if path.is_dir():
        spec = importlib.util.spec_from_file_location(
            name, path / "__init__.py", submodule_search_locations=[str(path)]
        )
    else:
        spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        with CallTime(IMPORT_TIME):
            spec.loader.exec_module(module)
    except ProgramLost as lost:
        del sys.modules[name]
        raise PluginImportError(f"the plugin cannot be imported: {lost}") from lost.__cause__
    except Exception as error:
        del sys.modules[name]
        # Show only the plugin's own lines.
        frames = error.__traceback__
        while frames is not None and not Path(frames.tb_frame.f_code.co_filename).is_relative_to(path.parent):
            frames = frames.tb_next
        text = "".join(traceback.format_exception(type(error), error, frames)).rstrip()
        raise PluginImportError(f"the plugin cannot be imported\n\n{text}") from error.with_traceback(frames)
    return module
