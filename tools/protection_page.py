"""The keys of plugins on docs/protection.md and docs/rate-limits.md, made of their declared settings:
`python -m tools.protection_page`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from proxywasm import config
from proxywasm.adapters.native import load_plugin
from proxywasm_host.packaging.settings import declarations

_ROOT: Final = Path(__file__).parents[1]
PAGE: Final = _ROOT / "docs" / "protection.md"
LIMITS: Final = _ROOT / "docs" / "rate-limits.md"
_PART: Final = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with the tables as they are now: each stands between `<!-- PLUGIN -->` and `<!-- end of PLUGIN -->`."""
    return _PART.sub(lambda part: f"{part[1]}{keys_of(part[2])}{part[3]}", text)


def keys_of(plugin: str) -> str:
    declared = declarations(load_plugin(_ROOT / "plugins" / plugin))
    assert declared.settings is not None, f"{plugin} does not declare its settings"
    # The first heading is that of the page, and what the plugin does is said in it.
    _, _, tables = config.markdown(declared.settings).partition("\n\n")
    return re.sub(r"^#+ ", "#### ", tables, flags=re.MULTILINE)


if __name__ == "__main__":
    for file in (PAGE, LIMITS):
        file.write_text(page(file.read_text(encoding="utf-8")), encoding="utf-8")
