"""The table of docs/performance.md."""

from __future__ import annotations

from proxywasm_host.lowering import OPTIMISATIONS

from .measure import Column


def table(columns: list[Column], names: tuple[str, ...]) -> str:
    """As Markdown: by optimisation, what it takes off each column."""
    lines = [
        f"| what it changes | {' | '.join(names)} |",
        f"| --- |{' ---: |' * len(names)}",
    ]
    for column in columns:
        cells = [_percent(column, name) for name in names]
        lines.append(f"| {column.name} | {' | '.join(cells)} |")
    what = [f"* `{each.name}`: {each.what}" for each in OPTIMISATIONS if each.name in names]
    return "\n".join([*lines, "", *what])


def _percent(column: Column, name: str) -> str:
    saved, spread = column.saved(name), column.spread(name)
    return f"{-saved:+.1%}" + (f" ± {spread:.1%}" if spread else "")
