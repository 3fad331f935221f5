"""`proxywasm bench --envoy`: ours beside the original's Go plugin in one Envoy, and Envoy alone.

All are listeners of one Envoy with one worker, which has a processor to itself; clients and upstream have another.
They take turns, and what is compared is processor time of Envoy: what others do on the same machine changes it little.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..measure import Row, table
from . import cases


def run(output: Path | None = None, progress: Callable[[str], None] = lambda _: None) -> str:
    """All measurements, in about ten minutes; the table as Markdown, and the rows as JSON if a file is given.

    Raises `EnvoyError`, `BuildError` and `GoPluginError`, and `BrokenAnswersError` if a gateway breaks answers.
    """
    rows: list[Row] = list(cases.run(progress))
    if output is not None:
        output.write_text(json.dumps({"rows": [row.to_json() for row in rows]}, indent=2) + "\n", encoding="utf-8")
    return table(rows)
