"""The JSON Schemas of plugins, and which of their keys are secret."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...services.call_time import CALL_TIME
from ..model import Gateway
from ..watching import look
from .texts.names import SecretNames

_CHILD: Final = "proxywasm_host.checking.declared"
_WAITING: Final = 60.0
"""Seconds for a process, which may wait for something instead of computing."""
_MOST: Final = 100
"""Plugins that are remembered."""


@dataclass(frozen=True, slots=True)
class Declared:
    schema: dict[str, Any] | None
    reason: str | None
    """Why there is no schema."""
    secrets: frozenset[str]
    """Names of keys that are secret, in lower case."""


class Declarations:
    """Those of the plugins of a gateway. A plugin is asked in a process of its own, and again when it has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[object, Declared]] = {}

    def of(self, gateway: Gateway) -> list[Declared]:
        """It takes half a second for a plugin that is not known."""
        return [_NO_SOURCE if plugin.source is None else self._of(plugin.source) for plugin in gateway.plugins]

    def names(self, gateway: Gateway) -> SecretNames:
        return {index: found.secrets for index, found in enumerate(self.of(gateway))}

    def _of(self, source: Path) -> Declared:
        files = sorted(source.rglob("*.py")) if source.is_dir() else [source]
        state = look(files)
        known = self._known.get(source)
        if known is None or known[0] != state:
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            known = self._known[source] = state, _ask(source)
        return known[1]


_NO_SOURCE: Final = Declared(None, "only plugins that are given as `source` can be asked", frozenset())


def _ask(source: Path) -> Declared:
    command = [sys.executable, "-B", "-m", _CHILD, str(source), str(CALL_TIME)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WAITING)  # noqa: S603  # ourselves
        answer = json.loads(done.stdout.rpartition("\n")[2])
    except subprocess.TimeoutExpired:
        return Declared(None, f"the plugin was not imported within {_WAITING:.0f} seconds", frozenset())
    except ValueError:
        return Declared(
            None, f"the plugin cannot be imported: its process has ended with {done.returncode}", frozenset()
        )
    return Declared(answer["schema"], answer["reason"], frozenset(name.lower() for name in _secrets(answer["schema"])))


def _secrets(schema: Any) -> Iterator[str]:
    """The names of all keys that nothing may show again."""
    waiting = [schema]
    while waiting:
        match waiting.pop():
            case dict() as found:
                for name, each in _properties(found):
                    if isinstance(each, dict) and each.get("writeOnly") is True:
                        yield name
                waiting += found.values()
            case list() as several:
                waiting += several


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    properties = schema.get("properties")
    if isinstance(properties, dict):
        yield from properties.items()
