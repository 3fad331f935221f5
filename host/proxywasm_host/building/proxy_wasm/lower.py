"""From a component for the world `proxy-wasm` to one core module with the Proxy-Wasm ABI.

    component --read--> parts --optimise, link--> one module --wasm-opt--> code
                          `--> snapshot ------------------------------------+--> module

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

from .binary import MalformedError
from .component import read_component
from .errors import LoweringError
from .known import RUNTIME, find_instance
from .linking import Linker
from .module import Snapshot, keep_exports, put_snapshot, take_snapshot
from .optimisations import optimise
from .optimisations.trimming import LEFT_OUT_IF_UNUSED
from .parts import Parts
from .shim import ABI_EXPORTS, write_shim
from .tools import BINARYEN, FEATURES, find_binaryen

_MAX_PAGES: Final = 16384
"""1 GiB, as in our own host: a plugin that grows without end gets a MemoryError before the gateway has no memory."""
_KEPT: Final = 16
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
    without: Collection[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Lowered:
    """Write the module. `abi` is "0.2.1" or "higress".

    `keep` names parts of Python that the plugin has not loaded but will use: built-in modules such as "zlib", or
    "compiler" for `eval`, `exec` and `compile` at run time. `without` names optimisations that are not to be done; see
    `OPTIMISATIONS`. Raises `LoweringError`.
    """
    if abi not in ABI_EXPORTS:
        raise LoweringError(f"there is no ABI {abi!r}, only {' and '.join(ABI_EXPORTS)}")
    if unknown := sorted(set(keep) - LEFT_OUT_IF_UNUSED):
        known = ", ".join(sorted(LEFT_OUT_IF_UNUSED))
        raise LoweringError(f"{unknown[0]!r} is never left out, so it cannot be kept; what can be: {known}")
    try:
        progress("reading the component")
        data = component if isinstance(component, bytes) else component.read_bytes()
        parts = optimise(Parts(read_component(data), frozenset(keep)), without)
        linked = _link(parts, abi)
        code, cached = _code(linked, progress)
        module = put_snapshot(code, linked.snapshot, _MAX_PAGES)
        write(output, module)
    except (MalformedError, LookupError, UnicodeDecodeError) as error:
        raise LoweringError(f"this component cannot be lowered: {error}") from error
    except (CacheFolderError, OSError) as error:
        raise LoweringError(str(error)) from None
    return Lowered(output, len(module), len(code), len(linked.snapshot.data), cached, parts.left_out)


@dataclass(frozen=True, slots=True)
class _Linkable:
    """What makes one module together."""

    modules: dict[str, bytes | memoryview]
    shim: str
    passes: tuple[str, ...]
    snapshot: Snapshot
    """Memory, which is put in last."""

    def key(self) -> str:
        total = hashlib.sha256(repr((BINARYEN, FEATURES, self.passes, self.shim)).encode())
        for name, module in self.modules.items():
            total.update(f"{name} {len(module)} ".encode())
            total.update(module)
        return total.hexdigest()[:32]


def _link(parts: Parts, abi: str) -> _Linkable:
    linked = Linker(parts).link()
    shim = write_shim(linked, abi, frees_arguments=find_instance(parts.component, RUNTIME) is not None)
    code, snapshot = take_snapshot(linked.modules[linked.snapshot_of])
    return _Linkable({**linked.modules, linked.snapshot_of: code}, shim, parts.passes, snapshot)


def _code(linked: _Linkable, progress: Callable[[str], None]) -> tuple[bytes, bool]:
    folder = cache_folder() / "lowered"
    folder.mkdir(mode=0o700, exist_ok=True)
    entry = folder / f"{linked.key()}.wasm"
    if not entry.is_file():
        with one_at_a_time(entry):
            if not entry.is_file():
                code = _merge(linked, progress)
                write(entry, code)
                forget_oldest(folder, "*.wasm", _KEPT)
                return code, False
    os.utime(entry)
    return entry.read_bytes(), True


def _merge(linked: _Linkable, progress: Callable[[str], None]) -> bytes:
    binaryen = find_binaryen(progress)
    with tempfile.TemporaryDirectory(prefix="proxywasm-lower-") as temporary:
        root = Path(temporary)
        words: list[str | Path] = [root / "shim.wat", "shim"]
        (root / "shim.wat").write_text(linked.shim)
        for name, module in linked.modules.items():
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
        binaryen.run("wasm-opt", root / "merged.wasm", *linked.passes, "-o", root / "code.wasm")
        return (root / "code.wasm").read_bytes()
