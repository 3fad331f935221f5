"""From a component for the world `proxy-wasm` to one core module with the Proxy-Wasm ABI.

    component --read--> core modules --link--> one module --optimise--> code
                             `--> snapshot ------------------------------+--> module

The code is the same for all plugins that load the same built-in modules, and linking and optimising it takes up to two
minutes; it is kept in the cache. A plugin's own part, the snapshot of a Python that has loaded it, is put in last.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxywasm_host.cache import CacheFolderError, cache_folder, forget_oldest, one_at_a_time, write

from . import trimming
from .binary import MalformedError
from .component import Component, Instantiated, read_component
from .errors import LoweringError
from .hints import recorded_hints
from .known import LIBPYTHON, RUNTIME, find_instance
from .linking import Linked, Linker, instance_name
from .module import Snapshot, exported_constants, keep_exports, put_hints, put_snapshot, take_snapshot
from .shim import ABI_EXPORTS, write_shim
from .tools import BINARYEN, FEATURES, find_binaryen

_OPTIMIZED: Final = ("--low-memory-unused", "-O3", "--optimize-added-constants", "--strip-debug")
"""-O3 takes longer than -O1, but what it inlines V8 does not, and the code is smaller. V8 cannot know that no pointer
to an object wraps around, since memory begins with the end of the stack: the address of an attribute, a pointer and a
small number, need not be added up."""
_QUICK: Final = (
    "--duplicate-function-elimination",
    "--remove-unused-module-elements",
    "--simplify-globals",
    "--strip-debug",
)
"""A quarter of the time of -O1, for code that V8 compiles as fast: thousands of functions whose bodies `trimming` has
emptied become one, and what nothing leads to goes."""
_MAX_PAGES: Final = 4096
"""256 MiB: a plugin that grows without end gets a MemoryError before the gateway has no memory."""
_KEPT: Final = 8
"""Optimised codes, about 2 MB each."""


@dataclass(frozen=True, slots=True)
class Lowered:
    path: Path
    size: int
    code_size: int
    snapshot_size: int
    """Python's memory with the plugin in it."""
    cached: bool
    """The code was linked and optimised earlier."""
    left_out: frozenset[str]
    """Built-in modules of Python that the plugin has not loaded and cannot load later."""


def lower(
    component: bytes | Path,
    output: Path,
    *,
    abi: str = "0.2.1",
    keep: Collection[str] = (),
    optimize: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Lowered:
    """Write the module. `abi` is "0.2.1" or "higress".

    `keep` names parts of Python that the plugin has not loaded but will use: built-in modules such as "zlib", or
    "compiler" for `eval`, `exec` and `compile` at run time. Not to `optimize` takes seconds instead of a minute or
    two, for code that is slower. Raises `LoweringError`.
    """
    if abi not in ABI_EXPORTS:
        raise LoweringError(f"there is no ABI {abi!r}, only {' and '.join(ABI_EXPORTS)}")
    if unknown := sorted(set(keep) - trimming.LEFT_OUT_IF_UNUSED):
        known = ", ".join(sorted(trimming.LEFT_OUT_IF_UNUSED))
        raise LoweringError(f"{unknown[0]!r} is never left out, so it cannot be kept; what can be: {known}")
    try:
        progress("reading the component")
        parts = _take_apart(component if isinstance(component, bytes) else component.read_bytes(), abi, keep)
        code, cached = _code(parts, _OPTIMIZED if optimize else _QUICK, progress)
        module = put_snapshot(code, parts.snapshot, _MAX_PAGES)
        write(output, module)
    except (MalformedError, LookupError, UnicodeDecodeError) as error:
        raise LoweringError(f"this component cannot be lowered: {error}") from error
    except (CacheFolderError, OSError) as error:
        raise LoweringError(str(error)) from None
    return Lowered(output, len(module), len(code), len(parts.snapshot.data), cached, parts.left_out)


@dataclass(frozen=True, slots=True)
class _Parts:
    linked: Linked
    snapshot: Snapshot
    shim: str
    left_out: frozenset[str]

    def key(self, passes: tuple[str, ...]) -> str:
        total = hashlib.sha256(repr((BINARYEN, FEATURES, passes, self.shim)).encode())
        for name, module in self.linked.modules.items():
            total.update(f"{name} {len(module)} ".encode())
            total.update(module)
        return total.hexdigest()[:32]


def _take_apart(data: bytes, abi: str, keep: Collection[str]) -> _Parts:
    component = read_component(data)
    linked = Linker(component).link()
    for index, instance in enumerate(component.core_instances):
        # Before anything is left out: they are for the library as it came.
        if isinstance(instance, Instantiated) and (hints := recorded_hints(instance.module)):
            linked.modules[instance_name(index)] = put_hints(linked.modules[instance_name(index)], hints)
    shim = write_shim(linked, abi, frees_arguments=find_instance(component, RUNTIME) is not None)
    code, snapshot = take_snapshot(linked.modules[linked.snapshot_of])
    linked.modules[linked.snapshot_of] = code
    return _Parts(linked, snapshot, shim, _trim(component, linked, snapshot, keep))


def _trim(component: Component, linked: Linked, snapshot: Snapshot, keep: Collection[str]) -> frozenset[str]:
    index = find_instance(component, LIBPYTHON)
    if index is None:
        return frozenset()
    instance = component.core_instances[index]
    assert isinstance(instance, Instantiated)
    memory_base = exported_constants(linked.modules[linked.snapshot_of])[trimming.MEMORY_BASE]
    left_out = trimming.unloaded_modules(instance.module, snapshot, memory_base)
    left_out = (left_out | {trimming.COMPILER}) - frozenset(keep)
    name = instance_name(index)
    linked.modules[name] = trimming.without_modules(instance.module, left_out, linked.modules[name])
    return left_out


def _code(parts: _Parts, passes: tuple[str, ...], progress: Callable[[str], None]) -> tuple[bytes, bool]:
    folder = cache_folder() / "lowered"
    folder.mkdir(mode=0o700, exist_ok=True)
    entry = folder / f"{parts.key(passes)}.wasm"
    if not entry.is_file():
        with one_at_a_time(entry):
            if not entry.is_file():
                code = _link(parts, passes, progress)
                write(entry, code)
                forget_oldest(folder, "*.wasm", _KEPT)
                return code, False
    os.utime(entry)
    return entry.read_bytes(), True


def _link(parts: _Parts, passes: tuple[str, ...], progress: Callable[[str], None]) -> bytes:
    binaryen = find_binaryen(progress)
    with tempfile.TemporaryDirectory(prefix="proxywasm-lower-") as temporary:
        root = Path(temporary)
        words: list[str | Path] = [root / "shim.wat", "shim"]
        (root / "shim.wat").write_text(parts.shim)
        for name, module in parts.linked.modules.items():
            (root / f"{name}.wasm").write_bytes(module)
            words += [root / f"{name}.wasm", name]
        progress("linking Python and the plugin into one module")
        # Libraries export the same names. They import from each other by instance, so the names do not matter.
        binaryen.run("wasm-merge", *words, "--rename-export-conflicts", "-o", root / "merged.wasm")
        merged = keep_exports(
            (root / "merged.wasm").read_bytes(), lambda name: name.startswith("proxy_") or name == "memory"
        )
        (root / "merged.wasm").write_bytes(merged)
        progress("optimising (up to two minutes; kept for the next build)")
        binaryen.run("wasm-opt", root / "merged.wasm", *passes, "-o", root / "code.wasm")
        return (root / "code.wasm").read_bytes()
