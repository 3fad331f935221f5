"""The state of a component that is being lowered. Optimisations change it, the linker reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .component import MEMORY, Component, Export, Instantiated
from .module import Snapshot, exported_constants, take_snapshot

CLEANING: Final = (
    "--strip-debug",
    "--duplicate-function-elimination",
    "--remove-unused-module-elements",
    "--simplify-globals",
)
"""What `wasm-opt` always does: it removes functions that are never called, and merges the thousands that `trimming` has
emptied. It takes seconds, and V8 compiles the result in half the time."""


@dataclass(frozen=True, slots=True)
class Parts:
    component: Component
    """As it was built."""
    keep: frozenset[str] = frozenset()
    """Parts of Python that must stay, although the plugin has not loaded them."""
    modules: Mapping[int, bytes] = field(default_factory=dict)
    """By instance: core modules that have been changed."""
    left_out: frozenset[str] = frozenset()
    """Parts that were left out, and that `keep` could have named."""
    passes: tuple[str, ...] = CLEANING
    """Of `wasm-opt`, in order."""

    def original(self, index: int) -> memoryview:
        """The module of a core instance, as it was built."""
        instance = self.component.core_instances[index]
        assert isinstance(instance, Instantiated), "what is in no bag is a module's"
        return instance.module

    def module(self, index: int) -> bytes | memoryview:
        """The module of a core instance, with all changes so far."""
        return self.modules[index] if index in self.modules else self.original(index)

    def with_module(self, index: int, module: bytes) -> dict[int, bytes]:
        return {**self.modules, index: module}

    def memory(self) -> tuple[Snapshot, dict[str, int]]:
        """The snapshot of Python, and the addresses that the module with the memory exports."""
        holder = self.component.origin(self.component.core[MEMORY][0])
        assert isinstance(holder, Export), "a component imports no memory"
        module = self.original(holder.instance)
        return take_snapshot(module)[1], exported_constants(module)
