"""Write the table of `docs/playground.md` from the built pages: `python -m tools.page_sizes`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from proxywasm_host.gateway.pages.built import FOLDER, files

PAGE: Final = Path(__file__).parents[1] / "docs" / "playground.md"
_START: Final = "<!-- sizes -->\n"
_END: Final = "<!-- end of sizes -->"
_MANIFEST: Final = json.loads((FOLDER / "manifest.json").read_bytes())
_NOT_LOADED: Final = (".html", ".txt")


def sent(name: str) -> int:
    """Bytes of a file as browsers get it."""
    file = files()[name]
    return len(file.compressed or file.contents)


def first_loads() -> dict[str, int]:
    """Bytes that each page loads before it can be used."""
    return {page: sum(map(sent, names)) for page, names in _MANIFEST["pages"].items()}


def on_demand() -> dict[str, int]:
    """Bytes of what pages load when they need it, by what it is."""
    first = {name for names in _MANIFEST["pages"].values() for name in names}
    found: dict[str, int] = {}
    for name in files():
        if name not in first and not name.endswith(_NOT_LOADED):
            what = _what(name)
            found[what] = found.get(what, 0) + sent(name)
    return found


def _what(name: str) -> str:
    if name.endswith(".woff2"):
        return "fonts of formulas, each when it is used"
    if source := _MANIFEST["onDemand"].get(name):
        return f"`{source}`"
    return "style sheet of formulas" if name.startswith("katex-") else "parts that these share"


def table() -> str:
    """As Markdown."""
    rows = [f"| `/{page}`, first load | {_kilobytes(size)} |" for page, size in first_loads().items()]
    rows += [
        f"| {what} | {_kilobytes(size)} |" for what, size in sorted(on_demand().items(), key=lambda each: -each[1])
    ]
    return "\n".join(["| what | compressed |", "| --- | --- |", *rows])


def _kilobytes(size: int) -> str:
    return f"{size / 1000:.1f} KB"


def with_table(page: str) -> str:
    """The page with its table as it should be."""
    before, _, rest = page.partition(_START)
    _, _, after = rest.partition(_END)
    return f"{before}{_START}{table()}\n{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
