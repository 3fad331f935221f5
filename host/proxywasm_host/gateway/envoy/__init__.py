"""A gateway in Envoy: its configuration, and running it."""

from __future__ import annotations

from .bootstrap import bootstrap, plugin_config
from .clusters import find_ca_file
from .errors import EnvoyError
from .modules import build_modules
from .process import find_envoy, start, write_private
from .recording import recording
from .reload import ChangingEnvoy
from .taps import FLUSH_MS

__all__ = [
    "FLUSH_MS",
    "ChangingEnvoy",
    "EnvoyError",
    "bootstrap",
    "build_modules",
    "find_ca_file",
    "find_envoy",
    "plugin_config",
    "recording",
    "start",
    "write_private",
]
