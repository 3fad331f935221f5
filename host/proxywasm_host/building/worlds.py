"""The WIT worlds that a plugin can be compiled for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class World:
    """A WIT world, and the module that implements it."""

    name: str
    folder: str
    """The folder of its WIT package, below `wit/`."""
    app: str
    """The entry module."""


HTTP_PLUGIN: Final = World("http-plugin", ".", "proxywasm.adapters.component")
_PROXY_WASM: Final = "proxywasm.adapters.proxy_wasm"
ABIS: Final = {
    "0.2.1": World("proxy-wasm", "proxy-wasm", _PROXY_WASM),
    "higress": World("proxy-wasm-higress", "proxy-wasm", _PROXY_WASM),
}
"""The worlds that can be lowered to a Proxy-Wasm module, by the ABI it then has."""
