"""Write the tables of `docs/limits.md` from the limits themselves: `python -m tools.limits_page`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from proxywasm_host.limit_fields import KIB, MIB, Limit, limits_of
from proxywasm_host.wasm.limits import DEFAULT_LIMITS
from proxywasm_host.wasm.pool import Sharing

PAGE: Final = Path(__file__).parents[1] / "docs" / "limits.md"
TABLES: Final = {"limits": DEFAULT_LIMITS, "sharing": Sharing()}
"""What stands between the markers `<!-- NAME -->` and `<!-- end of NAME -->`."""


def table(limits: Iterable[Limit]) -> str:
    """As Markdown."""
    rows = [f"| `{each.name}` | {_amount(each)} | {each.about} | {each.beyond} |" for each in limits]
    return "\n".join(["| limit | default | of | beyond |", "| --- | ---: | --- | --- |", *rows])


def _amount(limit: Limit) -> str:
    value = limit.default
    if value is None:
        return "none"
    if limit.unit == "bytes":
        size, unit = (value // MIB, "MiB") if value % MIB == 0 else (value // KIB, "KiB")
        return f"{size} {unit}"
    return f"{value:,} {limit.unit}".rstrip()


def with_table(page: str) -> str:
    """The page with its tables as they should be."""
    for name, configured in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = page.partition(start)
        _, _, after = rest.partition(end)
        page = f"{before}{start}{table(limits_of(configured))}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
