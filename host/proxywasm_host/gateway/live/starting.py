"""From the plugins of a gateway file to their instances: components in Wasm, or the sources in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from proxywasm.adapters.native import load_plugin, native_program
from proxywasm.text import spell_out
from proxywasm.wire import ConfigError, PluginFailure, Program, ProgramLost

from ...building.build import BuildError, build
from ...building.shipped import shipped_together
from ...services import HostServices, LogRecord
from ...services.call_time import CallTime
from ...wasm.component import ComponentProgram
from ...wasm.engine import Component, ComponentError, Engine
from ...wasm.limits import DEFAULT_LIMITS, Limits
from ..model import Gateway, PluginEntry
from .errors import LiveError
from .fresh_imports import fresh_imports
from .plugins import LivePlugin, LivePlugins, Start
from .shared import Shared


class Components:
    """The compiled plugins of this process. One that is started again unchanged is not compiled or read again."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._loaded: dict[tuple[Path, ...], tuple[Path, Component]] = {}
        """By the sources: the file that was built of them, and what that contains."""

    def load(self, plugins: Sequence[PluginEntry], progress: Callable[[str], None]) -> list[tuple[Component, str]]:
        """For each plugin its component, and its name in there if there are several. Raises `LiveError`."""
        together = shipped_together([_source(plugin) for plugin in plugins])
        found: dict[tuple[Path, ...], Component] = {}
        parts = []
        for plugin in plugins:
            source = _source(plugin)
            shared = source.resolve() in together
            sources = together if shared else (source,)
            if sources not in found:
                progress(f"building the plugin {plugin.name!r}")
                found[sources] = self._load(plugin.name, sources, progress)
            parts.append((found[sources], source.name if shared else ""))
        return parts

    def _load(self, name: str, sources: tuple[Path, ...], progress: Callable[[str], None]) -> Component:
        self._engine = self._engine or Engine()
        try:
            # The file's name has the checksum of what it was built of.
            path = build(sources[0], others=sources[1:], progress=progress).path
            if (known := self._loaded.get(sources)) is None or known[0] != path:
                self._loaded[sources] = path, self._engine.load(path)
        except (BuildError, ComponentError) as error:
            raise LiveError(f"the plugin {name!r} cannot be built: {error}") from None
        return self._loaded[sources][1]


def start_plugins(
    gateway: Gateway,
    *,
    native: bool,
    on_log: Callable[[LogRecord], None],
    progress: Callable[[str], None] = lambda _: None,
    shared: Shared | None = None,
    components: Components | None = None,
    anew: bool = False,
) -> LivePlugins:
    """An instance of each plugin, configured. `native` runs the sources in this process. Raises `LiveError`.

    Args:
        shared: what instances share; by default nothing with other processes.
        components: where compiled plugins are kept, for a process that starts plugins again.
        anew: native plugins are imported again, as their files are now.
    """
    shared = shared or Shared(())
    shared.add(plugin.name for plugin in gateway.plugins)
    components = components or Components()
    limits = limits_of(gateway)
    started: list[LivePlugin] = []
    parts = [] if native else components.load(gateway.plugins, progress)
    try:
        with fresh_imports(map(_source, gateway.plugins)) if anew and native else nullcontext():
            for place, plugin in enumerate(gateway.plugins):
                progress(f"starting the plugin {plugin.name!r}")
                start = _native(plugin, limits) if native else _in_wasm(*parts[place], limits)
                started.append(_started(gateway, place, start, on_log, shared))
    except LiveError:
        for one in started:
            one.pool.close()
        raise
    return LivePlugins(started)


def compile_plugins(gateway: Gateway, progress: Callable[[str], None]) -> None:
    """Build and compile what processes that start afterwards find in the cache then. Raises `LiveError`."""
    Components().load(gateway.plugins, progress)


def limits_of(gateway: Gateway) -> Limits:
    """What a plugin may use."""
    body = gateway.limits.body
    streams = replace(
        DEFAULT_LIMITS.streams,
        request_body=min(DEFAULT_LIMITS.streams.request_body, body),
        response_body=min(DEFAULT_LIMITS.streams.response_body, body),
        asked_body=body,
    )
    call_time = gateway.limits.watchdog or DEFAULT_LIMITS.call_time
    return replace(DEFAULT_LIMITS, streams=streams, call_time=call_time)


def _started(
    gateway: Gateway, place: int, start: Start, on_log: Callable[[LogRecord], None], shared: Shared
) -> LivePlugin:
    plugin = gateway.plugins[place]
    shared_data, metrics = shared.data[plugin.name], shared.metrics[plugin.name]
    try:
        return LivePlugin(
            plugin.name,
            start,
            config_of(plugin),
            limits=limits_of(gateway),
            fail_open=plugin.on_failure == "open",
            services=lambda: HostServices(
                on_log=on_log, shared_data=shared_data, metrics=metrics, clusters=gateway.upstreams
            ),
        )
    except (ConfigError, PluginFailure, ProgramLost) as error:
        raise LiveError(f"plugins.{place} ({plugin.name}): {error}") from None


def config_of(plugin: PluginEntry) -> str:
    """The configuration text that the plugin gets."""
    return spell_out(json.dumps(plugin.config, ensure_ascii=False))


def _source(plugin: PluginEntry) -> Path:
    assert plugin.source is not None, "the reader refuses modules for this engine"
    return plugin.source


def _in_wasm(component: Component, plugin: str, limits: Limits) -> Start:
    return lambda services: ComponentProgram(component, services, plugin=plugin, limits=limits)


def _native(plugin: PluginEntry, limits: Limits) -> Start:
    source = _source(plugin)
    try:
        with CallTime(limits.start_time):
            loaded = load_plugin(source)
    except Exception as error:
        raise LiveError(f"the plugin {plugin.name!r} cannot be imported: {type(error).__name__}: {error}") from error

    def start(services: HostServices) -> _NativeInstance:
        return _NativeInstance(native_program(loaded, services), limits.call_time)

    return start


class _NativeInstance:
    """A native program as a pool wants one: it has no memory of its own, nothing to close, and a time for each call."""

    memory = None

    def __init__(self, program: Program, call_time: float) -> None:
        self._program = program
        self._call_time = call_time

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._program, name)

        def call(*arguments: Any) -> Any:
            with CallTime(self._call_time):
                return method(*arguments)

        setattr(self, name, call)
        return call

    def close(self) -> None: ...
