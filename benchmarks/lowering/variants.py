"""The modules that are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proxywasm_host.building.build import build_module
from proxywasm_host.building.flagship import flagship
from proxywasm_host.building.proxy_wasm import OPTIMISATIONS

from ..envoy.gateways import NATIVE, PASS_THROUGH, Listener

ALL = "all"


@dataclass(frozen=True, slots=True)
class Variant:
    """`name` is that of the optimisation that is left out."""

    name: str
    module: Path

    @property
    def passing(self) -> Listener:
        return Listener(f"{self.name}, pass-through", self.module, PASS_THROUGH)

    @property
    def native(self) -> Listener:
        return Listener(f"{self.name}, Qwen", self.module, NATIVE)


def variants(names: tuple[str, ...], progress: Callable[[str], None]) -> list[Variant]:
    """The module with all optimisations comes first. The first time, each takes a minute or two."""
    found = []
    for name in (ALL, *names):
        progress(f"building without {name}" if name != ALL else "building")
        without = () if name == ALL else (name,)
        found.append(Variant(name, build_module(flagship(), without=without, progress=progress).path))
    return found


NAMES = tuple(each.name for each in OPTIMISATIONS)
