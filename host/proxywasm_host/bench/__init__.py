"""`proxywasm bench`: what the way through WebAssembly costs, measured side by side within one run.

`run` measures with two plugins of ours, `run_exchanges` with those of an author.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..recordings.exchange import Exchange
from .calls import boundary, conversion, interpreter, requests
from .endurance import faults, memory, soak
from .exchanges import BenchError, Plugins
from .measure import Row, table
from .setup import Setup
from .start import starting

__all__ = ["BenchError", "Row", "run", "run_exchanges"]

# The soak and the faults first: what other parts leave in memory would hide growth.
_PARTS: Final[Mapping[str, Callable[[Setup], list[Row]]]] = {
    "soak": soak,
    "faults": faults,
    "memory": memory,
    "boundary": boundary,
    "conversion": conversion,
    "requests": requests,
    "interpreter": interpreter,
    "starting": starting,
}


def run(output: Path | None = None, progress: Callable[[str], None] = lambda _: None) -> str:
    """All measurements, in less than ten minutes; the table as Markdown, and the rows as JSON if a file is given.

    `progress` is told what is being measured.
    """
    progress("building")
    setup = Setup()
    rows: list[Row] = []
    for name, measure in _PARTS.items():
        progress(name)
        gc.collect()
        rows += measure(setup)
    return _finished(rows, output)


def run_exchanges(
    exchanges: Sequence[Exchange],
    plugins: Sequence[Path],
    output: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> str:
    """The same for exchanges that go through a plugin, or a chain of plugins. `Plugins` says what it raises."""
    running = Plugins(plugins, progress)
    rows: list[Row] = []
    for exchange in exchanges:
        progress(exchange.name)
        gc.collect()
        rows += running.rows(exchange)
    return _finished(rows, output)


def _finished(rows: list[Row], output: Path | None) -> str:
    if output is not None:
        output.write_text(json.dumps({"rows": [row.to_json() for row in rows]}, indent=2) + "\n", encoding="utf-8")
    return table(rows)
