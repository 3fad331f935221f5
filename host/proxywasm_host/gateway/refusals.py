"""Check before the start whether the plugins of a gateway accept their configurations.

Envoy says only in the middle of its log that a plugin has refused its configuration. Here the plugin parses it
natively, in a Python process of its own, and the answer has the place in the gateway file.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ..services.call_time import CALL_TIME
from .document import Place, Problem
from .model import Gateway, PluginEntry
from .source import GatewaySource

_CHILD: Final = "proxywasm_host.checking.parse_config"
_KEY: Final = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])*(?=: )")
"""The path of a key at the beginning of a message: `provider.apiTokens[0]: ...`."""
_COMPUTING: Final[float] = CALL_TIME
"""Seconds of processor time to import a plugin, and to parse its configuration. The process itself watches them: it
knows the line that loops."""
_WAITING: Final = 60.0
"""Seconds for the whole process, which may wait for something instead of computing."""
_log = logging.getLogger("proxywasm")


def check_configurations(
    gateway: Gateway, source: GatewaySource, text_of: Callable[[PluginEntry], str], *, native: bool = False
) -> None:
    """Have each plugin that is given as source parse its configuration, as `text_of` makes it for the gateway.

    Raises `GatewayFileError` for what a plugin refuses. A plugin that cannot be imported natively may be written for
    the Python of components: a warning says that its configuration was not checked. With `native` it is refused, too.
    """
    problems = [
        problem
        for index, plugin in enumerate(gateway.plugins)
        for problem in _problems(("plugins", index, "config"), plugin, text_of(plugin), native=native)
    ]
    if problems:
        raise source.error(problems)


def _problems(place: Place, plugin: PluginEntry, config: str, *, native: bool) -> Iterator[Problem]:
    if plugin.source is None:
        return
    kind, message = _parse(plugin.source, config)
    if kind == "not loaded" and native:
        yield Problem(0, (*place[:-1], "source"), f"cannot be imported: {message}")
    elif kind == "not loaded":
        reason = message.partition("\n\n")[0]
        _log.warning("the configuration of the plugin %r is not checked before the start: %s", plugin.name, reason)
    elif kind != "taken":
        for line in message.splitlines() if kind == "refused" else [message]:
            if key := _KEY.match(line):
                yield Problem(0, (*place, *_steps(key[0])), line[key.end() + 2 :])
            else:
                yield Problem(0, place, line)


def _steps(key: str) -> Iterator[str | int]:
    for step in re.findall(r"[\w-]+", key):
        yield int(step) if step.isdecimal() else step


def _parse(source: Path, config: str) -> tuple[str, str]:
    """`taken`, `refused`, `raised` or `not loaded`, and the reason."""
    command = [sys.executable, "-B", "-m", _CHILD, str(source), str(_COMPUTING)]
    try:
        done = subprocess.run(command, input=config, capture_output=True, text=True, check=False, timeout=_WAITING)  # noqa: S603  # ourselves
    except subprocess.TimeoutExpired:
        return "raised", f"the plugin has not parsed this after {_WAITING:.0f} seconds; does it wait for something?"
    try:
        answer = json.loads(done.stdout.rpartition("\n")[2])
    except ValueError:
        return "not loaded", f"its process has ended with {done.returncode}: {done.stderr.strip()}"
    return answer["kind"], answer["message"]
