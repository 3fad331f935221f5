"""`proxywasm bench`: what the way through WebAssembly costs, measured side by side within one run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .cases import Bench
from .measure import Row, table

__all__ = ["Row", "run"]


def run(output: Path | None = None, progress: Callable[[str], None] = lambda _: None) -> str:
    """All measurements, in less than ten minutes; the table as Markdown, and the rows as JSON if a file is given."""
    bench = Bench(progress)
    rows = bench.run()
    if output is not None:
        output.write_text(json.dumps({"rows": [row.to_json() for row in rows]}, indent=2) + "\n", encoding="utf-8")
    return table(rows)
