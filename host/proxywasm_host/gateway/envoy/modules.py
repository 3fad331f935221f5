"""The Proxy-Wasm module of each plugin: the file that was named, or one built from its source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...building.build import BuildError, build_module
from ..model import Gateway
from .errors import EnvoyError


def build_modules(gateway: Gateway, progress: Callable[[str], None] = lambda _: None) -> dict[str, Path]:
    """By the plugin's name. What has been built stays in the cache. Raises `EnvoyError`."""
    modules: dict[str, Path] = {}
    for plugin in gateway.plugins:
        if plugin.source is None:
            assert plugin.module is not None  # the model has seen to it
            modules[plugin.name] = plugin.module
            continue
        try:
            modules[plugin.name] = build_module(plugin.source, progress=progress).path
        except BuildError as error:
            raise EnvoyError(f"the plugin {plugin.name!r} cannot be built: {error}") from None
    return modules
