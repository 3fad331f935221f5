"""The tables of docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxywasm_host.building.proxy_wasm import Optimisation

from .measure import Column


def table(columns: list[Column], optimisations: Sequence[Optimisation[Any]]) -> str:
    """As Markdown: by optimisation, what it changes in each column."""
    lines = [
        f"| optimisation | {' | '.join(column.name for column in columns)} |",
        f"| --- |{' ---: |' * len(columns)}",
    ]
    for each in optimisations:
        cells = [_percent(column, each.name) for column in columns]
        lines.append(f"| `{each.name}`: {each.what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _percent(column: Column, name: str) -> str:
    saved, spread = column.saved(name), column.spread(name)
    changed = 0.0 - round(saved, 3)  # never -0.0
    return f"{changed:+.1%}" + (f" ± {spread:.1%}" if spread else "")
