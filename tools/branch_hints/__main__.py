"""Replace the hints of the package."""

from __future__ import annotations

import sys
from pathlib import Path

from proxywasm_host.building.proxy_wasm import hints

from .record import record

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tools.branch_hints EXCHANGE.json ...")
    record([Path(word) for word in sys.argv[1:]], Path(hints.__file__).parent)
