"""Write the table of `docs/gateway-file.md` from the model of the file: `python -m tools.gateway_file_page`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from proxywasm_host.gateway.engines import Key, keys_of
from proxywasm_host.gateway.model import Gateway

PAGE: Final = Path(__file__).parents[1] / "docs" / "gateway-file.md"
_START: Final = "<!-- keys -->\n"
_END: Final = "<!-- end of keys -->"
_GENERAL: Final = "routes.*.cors."
"""Described once, where they stand for the whole gateway."""


def table(keys: Iterable[Key]) -> str:
    """As Markdown."""
    rows = [
        f"| `{key.name}` | {f'`{key.default}`' if key.default else ''} | {key.about} | {_there(key, 'serve')} | "
        f"{_there(key, 'envoy')} |"
        for key in keys
        if not key.name.startswith(_GENERAL)
    ]
    return "\n".join(["| key | default | what it says | `serve` | `envoy` |", "| --- | --- | --- | --- | --- |", *rows])


def _there(key: Key, engine: str) -> str:
    instead = [each.instead for each in key.lacking if each.engine == engine]
    return f"refused: {instead[0]}" if instead else "works"


def with_table(page: str) -> str:
    """The page with its table as it should be."""
    before, _, rest = page.partition(_START)
    _, _, after = rest.partition(_END)
    return f"{before}{_START}{table(keys_of(Gateway))}\n{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
