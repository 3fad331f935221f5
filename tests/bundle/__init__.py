"""One component, and one module for Envoy, for all plugins of the tests.

A build takes ten seconds, and twenty more for Envoy, which then compiles what it gets. So the plugins share one build
of each kind, and an instance becomes one of them when it is configured; see `guest/bundle.py`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proxywasm.wire import LogLevel, Program
from proxywasm_host.services import HostServices
from proxywasm_host.testing.gateways import Gateway, Link, Setting, Start

ROOT = Path(__file__).parents[2]
_GUEST = Path(__file__).parent / "guest" / "bundle.py"

FEATURES = ROOT / "tests" / "envoy" / "features.py"
FAULTY = ROOT / "tests" / "host" / "guests" / "faulty.py"
BEHAVIOURS = ROOT / "tests" / "sdk" / "behaviours"
SHIPPED = ("ai_quota", "ai_statistics", "ai_token_ratelimit", "key_auth", "request_ratelimit")
"""Plugins of the wheel that are small enough for the bundle."""
PLUGINS = [
    *sorted(file for file in (ROOT / "examples").glob("*.py") if not file.name.startswith("test_")),
    *sorted((ROOT / "tests" / "host" / "testing" / "plugins").glob("*.py")),
    *sorted((ROOT / "tests" / "host" / "gateway" / "reload" / "plugins").glob("*.py")),
    *(ROOT / "plugins" / name for name in SHIPPED),
    BEHAVIOURS,
    FAULTY,
    FEATURES,
]
"""Files and package folders; their names have to differ."""


def write_source(folder: Path) -> Path:
    """Lay the bundle out in a folder; the file that is to be built."""
    folder.mkdir(parents=True, exist_ok=True)
    for plugin in PLUGINS:
        if plugin.is_dir():
            shutil.copytree(plugin, folder / plugin.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(plugin, folder)
    names = [plugin.stem for plugin in PLUGINS]
    lines = [f"import {name}" for name in names]
    lines += ["", "PLUGINS = {", *(f'    "{name}": {name}.plugin,' for name in names), "}"]
    (folder / "bundled.py").write_text("\n".join(lines) + "\n")
    return Path(shutil.copy(_GUEST, folder))


def configuration(plugin: Path, config: str) -> str:
    """The bundle's configuration for an instance that is this plugin with this configuration."""
    return json.dumps({"plugin": plugin.stem, "config": config})


@dataclass(frozen=True, slots=True)
class BundleStart:
    """Starts one plugin of the bundle."""

    bundle: Start
    plugin: Path

    def gateway(self, setting: Setting, after: Sequence[Link] = ()) -> Gateway:
        chosen = replace(setting, config=configuration(self.plugin, setting.config))
        return self.bundle.gateway(chosen, [_in_bundle(*link) for link in after])

    def program(self, services: HostServices) -> Program:
        program: Program = become(self.bundle.program(services), self.plugin)
        return program


def _in_bundle(start: Start, config: str) -> Link:
    return (start.bundle, configuration(start.plugin, config)) if isinstance(start, BundleStart) else (start, config)


def become(program: Program, plugin: Path) -> Any:
    """An instance of the bundle that will be this plugin."""
    return _Become(program, plugin)  # `Any`: it has all that the program has, by `__getattr__`


class _Become:
    def __init__(self, program: Program, plugin: Path) -> None:
        self._program, self._plugin = program, plugin

    def configure(self, config: str, log_level: LogLevel) -> None:
        self._program.configure(configuration(self._plugin, config), log_level)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._program, name)
