"""The gateways that are measured."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wasmtime import wat2wasm

from proxywasm_host.building.build import build_module
from proxywasm_host.building.flagship import flagship
from proxywasm_host.cache import cache_folder

from .gateways import NATIVE, PASS_THROUGH, Listener
from .go_plugin import go_plugin

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Listeners:
    """All of them on one upstream; those of one measurement share one Envoy."""

    plain: Listener
    """No plugin."""
    empty: Listener
    """A module that has the gateway do what ai-proxy has it do, and does nothing itself."""
    idle: Listener
    """A plugin of ours whose callbacks do nothing."""
    go: Listener
    ours: Listener
    go_native: Listener
    ours_native: Listener


def listeners(progress: Callable[[str], None]) -> Listeners:
    ours, idle = (build_module(each, progress=progress).path for each in (flagship(), _HERE / "idle_plugin.py"))
    go = go_plugin()
    return Listeners(
        plain=Listener("plain"),
        empty=Listener("empty", _empty(), {}),
        idle=Listener("idle", idle, {}),
        go=Listener("go", go, PASS_THROUGH),
        ours=Listener("ours", ours, PASS_THROUGH),
        go_native=Listener("go-native", go, NATIVE),
        ours_native=Listener("ours-native", ours, NATIVE),
    )


def _empty() -> Path:
    """`empty.wat` as a module, in the cache."""
    text = (_HERE / "empty.wat").read_text()
    module = cache_folder() / "yardstick" / f"empty-{hashlib.sha256(text.encode()).hexdigest()[:16]}.wasm"
    module.parent.mkdir(mode=0o700, exist_ok=True)
    module.write_bytes(wat2wasm(text))
    return module
