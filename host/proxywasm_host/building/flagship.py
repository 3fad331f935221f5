"""The bundled plugin ai-proxy, the default of commands that need a plugin."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

FLAGSHIP: Final = "ai_proxy"


class NotInstalledError(LookupError):
    """The plugin is not installed where the tools run."""


def flagship() -> Path:
    """The folder of its package. Raises `NotInstalledError`."""
    spec = importlib.util.find_spec(FLAGSHIP)
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalledError(f"the plugin {FLAGSHIP} is not installed here")
    return Path(next(iter(spec.submodule_search_locations)))
