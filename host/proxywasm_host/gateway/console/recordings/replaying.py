"""A replay of a recording in a process of its own, so that nothing that serves waits for it.

The plugins get their configurations with placeholders for credentials, as those that the recording has.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ....recordings.compare import MISSING, judge, show
from ....recordings.exchange import Exchange, dump
from ....recordings.masking import Placeholders
from ....recordings.masking.configurations import masked_config
from ...model import Gateway, PluginEntry
from .sides import side

_SECONDS: Final = 60.0
_MOST: Final = 200
"""Differences that are told."""
_LONGEST: Final = 4_000
"""Characters of a value in a difference, and of an error."""
_CODE: Final = "from proxywasm_host.cli.main import main; main()"


async def replayed(
    exchange: Exchange, gateway: Gateway, config_of: Callable[[PluginEntry], str], *, native: bool
) -> dict[str, Any]:
    """The recording, and what the plugins of this gateway make of it."""
    configs = tuple(masked_config(config_of(plugin), Placeholders(), frozenset()) for plugin in gateway.plugins)
    one = replace(exchange, config=configs[0] if len(configs) == 1 else "", chain=configs if len(configs) > 1 else ())
    recorded = side(exchange, exchange.raw.get("expect", {}))
    if not configs:
        return {**_nothing(recorded), "error": "the gateway has no plugins"}
    result, error = await _run(one, [str(plugin.source) for plugin in gateway.plugins], native=native)
    if result is None:
        return {**_nothing(recorded), "error": error}
    verdict = await asyncio.to_thread(judge, result, one)
    return {
        "same": verdict.passed,
        "differences": [
            {"place": each.path, "expected": _shown(each.expected), "got": _shown(each.got)}
            for each in verdict.differences[:_MOST]
        ],
        "recorded": recorded,
        "replayed": side(one, result),
        "log": result["logs"][:_MOST],
        "error": result.get("error"),
    }


def _nothing(recorded: dict[str, Any]) -> dict[str, Any]:
    return {"same": False, "differences": [], "recorded": recorded, "replayed": None, "log": []}


def _shown(value: object) -> str | None:
    return None if value is MISSING else show(value)[:_LONGEST]


async def _run(exchange: Exchange, sources: list[str], *, native: bool) -> tuple[dict[str, Any] | None, str]:
    """The result, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="proxywasm-console-") as folder:
        file = Path(folder, "recording.json")
        await asyncio.to_thread(dump, [exchange], file)
        words = ["replay", "--json", *(["--native"] if native else []), str(file)]
        for source in sources:
            words += ["--plugin", source]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", _CODE, *words, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_SECONDS):
                output, errors = await process.communicate()
        except TimeoutError:
            return None, f"the replay has not ended within {_SECONDS:.0f} seconds"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    try:
        result = json.loads(output)
    except ValueError:
        return None, errors.decode(errors="replace").strip()[-_LONGEST:] or f"it has ended with {process.returncode}"
    return result, ""
