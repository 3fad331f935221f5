"""The bundled plugin ai-proxy, the default of commands that need a plugin."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, Final

FLAGSHIP: Final = "ai_proxy"
_SCHEMA: Final = "ai-proxy.schema.json"


class NotInstalledError(LookupError):
    """The plugin is not installed where the tools run."""


def flagship() -> Path:
    """The folder of its package. Raises `NotInstalledError`."""
    spec = importlib.util.find_spec(FLAGSHIP)
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalledError(f"the plugin {FLAGSHIP} is not installed here")
    return Path(next(iter(spec.submodule_search_locations)))


def is_flagship(source: Path) -> bool:
    """Whether the plugin at this path is the bundled one."""
    try:
        return source.resolve() == flagship().resolve()
    except NotInstalledError:
        return False


def flagship_schema() -> dict[str, Any]:
    """The JSON Schema of its configuration, which `python -m ai_proxy_docs` writes.

    It is a part of the installed package, and among the pages in the repository.
    """
    package = Path(__file__).parents[1]
    files = (package / "checking" / _SCHEMA, package.parents[1] / "docs" / _SCHEMA)
    file = next(file for file in files if file.is_file())
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
