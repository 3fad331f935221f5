"""From the plugins of a gateway file to their instances: components in Wasm, or the sources in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from proxywasm.adapters.native import load_plugin
from proxywasm.text import spell_out
from proxywasm.wire import ConfigError, PluginFailure, Program, ProgramLost

from ...building.build import BuildError, build
from ...services import HostServices, LogRecord, Metrics, SharedData
from ...services.frozen_clock import standing_program
from ...wasm.component import ComponentProgram
from ...wasm.engine import ComponentError, Engine
from ...wasm.limits import DEFAULT_LIMITS
from ..model import Gateway, PluginEntry
from .plugins import LivePlugin, LivePlugins, Start


class LiveError(Exception):
    """A gateway file cannot be served by this host. The message is for people."""


def start_plugins(
    gateway: Gateway,
    *,
    native: bool,
    on_log: Callable[[LogRecord], None],
    progress: Callable[[str], None] = lambda _: None,
) -> LivePlugins:
    """An instance of each plugin, configured. `native` runs the sources in this process. Raises `LiveError`."""
    engine = Engine() if gateway.plugins and not native else None
    started: list[LivePlugin] = []
    try:
        for place, plugin in enumerate(gateway.plugins):
            progress(f"starting the plugin {plugin.name!r}")
            start = _native(plugin) if engine is None else _in_wasm(engine, plugin, progress)
            started.append(_started(gateway, place, start, on_log))
    except LiveError:
        for one in started:
            one.pool.close()
        raise
    return LivePlugins(started)


def _started(gateway: Gateway, place: int, start: Start, on_log: Callable[[LogRecord], None]) -> LivePlugin:
    plugin = gateway.plugins[place]
    shared_data, metrics = SharedData(), Metrics()
    body = gateway.limits.body
    streams = DEFAULT_LIMITS.streams
    streams = replace(
        streams,
        request_body=min(streams.request_body, body),
        response_body=min(streams.response_body, body),
        asked_body=body,
    )
    config = spell_out(json.dumps(plugin.config, ensure_ascii=False))
    try:
        return LivePlugin(
            plugin.name,
            start,
            config,
            limits=replace(DEFAULT_LIMITS, streams=streams),
            fail_open=plugin.on_failure == "open",
            services=lambda: HostServices(
                on_log=on_log, shared_data=shared_data, metrics=metrics, clusters=gateway.upstreams
            ),
        )
    except (ConfigError, PluginFailure, ProgramLost) as error:
        raise LiveError(f"plugins.{place} ({plugin.name}): {error}") from None


def _source(plugin: PluginEntry) -> Path:
    if plugin.source is None:
        raise LiveError(
            f"the plugin {plugin.name!r} is a module for Proxy-Wasm, which only Envoy runs; give its `source`, or use "
            "`proxywasm envoy`"
        )
    return plugin.source


def _in_wasm(engine: Engine, plugin: PluginEntry, progress: Callable[[str], None]) -> Start:
    try:
        component = engine.load(build(_source(plugin), progress=progress).path)
    except (BuildError, ComponentError) as error:
        raise LiveError(f"the plugin {plugin.name!r} cannot be built: {error}") from None
    return lambda services: ComponentProgram(component, services)


def _native(plugin: PluginEntry) -> Start:
    source = _source(plugin)
    try:
        loaded = load_plugin(source)
    except Exception as error:
        raise LiveError(f"the plugin {plugin.name!r} cannot be imported: {type(error).__name__}: {error}") from error
    return lambda services: _NativeInstance(standing_program(loaded, services))


class _NativeInstance:
    """A native program as a pool wants one: it has no memory of its own, and nothing to close."""

    memory = None

    def __init__(self, program: Program) -> None:
        self._program = program

    def __getattr__(self, name: str) -> Any:
        return getattr(self._program, name)

    def close(self) -> None: ...
