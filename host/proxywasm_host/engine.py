"""Compile components, once per machine: the machine code is kept in a cache folder of the user."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import wasmtime
from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime import component as wasm

from proxywasm_host.cache import CacheFolderError, cache_folder, forget_oldest
from proxywasm_host.functions import Signature
from proxywasm_host.limits import DEFAULT_LIMITS
from proxywasm_host.ticker import Ticker
from proxywasm_host.world import HOST_FUNCTIONS, HOST_INTERFACE, PLUGIN_FUNCTIONS, signature

_log = logging.getLogger("proxywasm.engine")

# What `Linker.add_wasip2` defines, any 0.2 version.
_WASI_PACKAGES: Final = frozenset({"cli", "clocks", "filesystem", "io", "random", "sockets"})
# The interfaces of WASI that this host may answer itself.
_WASI_ANSWERED: Final = frozenset({"wasi:clocks/monotonic-clock", "wasi:clocks/wall-clock", "wasi:random/random"})

_MAGIC: Final = b"\0asm"
_COMPONENT_LAYER: Final = b"\x0d\0\1\0"
_CORE_INSTANCE_SECTION: Final = 2

_SETTINGS: Final = "epochs, no concurrency"
"""What every engine is set up with, as far as machine code depends on it."""
_SINGLE_PASS: Final = 1
"""`WASMTIME_REGALLOC_ALGORITHM_SINGLE_PASS`"""
_DIGEST_SIZE: Final = 32
# A development cycle leaves an entry of some 33 MB behind with each build.
_CACHE_ENTRIES: Final = 32
_ENTRY_PREFIX: Final = "proxywasm-"


class ComponentError(Exception):
    """A file is no component that this host can run. The message says which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Component:
    """A compiled plugin, to be instantiated any number of times, from any thread.

    Attributes:
        engine: what it was compiled for.
        code: the component itself.
        exports: the functions of the world `http-plugin`.
        imports: by interface (with its version) the functions that the host answers, or may answer, itself.
        ticker: ends calls that take too long.
        modules: how many core modules an instance of it has at least.
    """

    engine: wasmtime.Engine
    code: wasm.Component
    exports: dict[str, tuple[wasm.ExportIndex, Signature]]
    imports: dict[str, dict[str, Signature]]
    ticker: Ticker
    modules: int


class Engine:
    """Compiles components and runs them. One per process is enough; threads may share it.

    Args:
        stack: bytes for nested calls inside a component; see `Limits.stack`.
        optimize: False compiles in half the time, to code that is slower: for a component that will not run for long.
    """

    def __init__(self, *, stack: int = DEFAULT_LIMITS.stack, optimize: bool = True) -> None:
        config = wasmtime.Config()
        config.epoch_interruption = True
        # Not used, but Wasmtime ends the process if it is less than the other.
        ffi.wasmtime_config_async_stack_size_set(config.ptr(), stack)
        config.max_wasm_stack = stack
        # For components that are asynchronous inside. Ours are not, and a call is 1.5 us faster without.
        ffi.wasmtime_config_concurrency_support_set(config.ptr(), False)
        if not optimize:
            config.cranelift_opt_level = "none"
            ffi.wasmtime_config_cranelift_regalloc_algorithm_set(config.ptr(), _SINGLE_PASS)
        self._settings = f"{_SETTINGS}, {'optimized' if optimize else 'quick'}"
        self.engine = wasmtime.Engine(config)
        self.ticker = Ticker(self.engine)
        self._cache = _cache_folder()

    def load(self, path: str | os.PathLike[str]) -> Component:
        """Compile a plugin, or take it from the cache.

        The first time takes seconds, later ones less than 0.1 s, most of it to hash 20 + 33 MB.

        Raises:
            ComponentError: the file is not a component, is damaged, or is not built for the world `http-plugin`.
        """
        path = Path(path)
        data = _read(path)
        code = self._compiled(path, data)
        exports, imports = _check_world(path, self.engine, code)
        return Component(self.engine, code, exports, imports, self.ticker, _count_modules(data))

    def compile(self, path: str | os.PathLike[str]) -> wasm.Component:
        """Compile a component for any world, or take it from the cache.

        Raises:
            ComponentError: the file is not a component or is damaged.
        """
        path = Path(path)
        return self._compiled(path, _read(path))

    def _compiled(self, path: Path, data: bytes) -> wasm.Component:
        if self._cache is None:
            return self._compile(path, data)
        entry = self._cache / f"{_ENTRY_PREFIX}{_key(data, self._settings)}.cwasm"
        code = _read_entry(self.engine, entry)
        if code is None:
            code = self._compile(path, data)
            _write_entry(entry, code)
        return code

    def _compile(self, path: Path, data: bytes) -> wasm.Component:
        try:
            return wasm.Component(self.engine, data)
        except WasmtimeError as error:
            raise ComponentError(f"{path}: is damaged or cut off, build it again ({reason(error)})") from error


def reason(error: WasmtimeError) -> str:
    """The root cause of an error in one line, without the Wasm backtrace."""
    last = str(error).strip().splitlines()[-1].strip()
    number, colon, text = last.partition(": ")
    return text if colon and number.isdigit() else last


# -- Checks -----------------------------------------------------------------------------------------------------------


def _read(path: Path) -> bytes:
    """A file that begins as a component does."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ComponentError(f"{path}: cannot be read: {error.strerror}") from error
    # Wasmtime would take anything else for the text format.
    if not data.startswith(_MAGIC):
        raise ComponentError(f"{path}: is not WebAssembly; `proxywasm build` makes a component from a plugin")
    if not data.startswith(_COMPONENT_LAYER, len(_MAGIC)):
        raise ComponentError(
            f"{path}: is a WebAssembly module, not a component; a Proxy-Wasm module runs in Envoy, "
            "`proxywasm build` without `--target` makes a component for this host"
        )
    return data


def _count_modules(data: bytes) -> int:
    """How many core modules a valid component instantiates itself, not counting those of components inside it."""
    count = 0
    position = len(_MAGIC) + len(_COMPONENT_LAYER)
    while position < len(data):
        section = data[position]
        size, position = _leb128(data, position + 1)
        if section == _CORE_INSTANCE_SECTION:
            count += _count_instantiations(data, position)
        position += size
    return count


def _count_instantiations(data: bytes, position: int) -> int:
    count = 0
    items, position = _leb128(data, position)
    for _ in range(items):
        instantiates = data[position] == 0  # otherwise it bundles exports of others
        count += instantiates
        if instantiates:
            _, position = _leb128(data, position + 1)  # which module
            pairs, position = _leb128(data, position)
        else:
            pairs, position = _leb128(data, position + 1)
        for _ in range(pairs):
            length, position = _leb128(data, position)
            _, position = _leb128(data, position + length + 1)  # name, kind, index
    return count


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    """An unsigned number in Wasm's encoding, and the position after it."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position


_Exports: TypeAlias = dict[str, tuple[wasm.ExportIndex, Signature]]
_Imports: TypeAlias = dict[str, dict[str, Signature]]


def _check_world(path: Path, engine: wasmtime.Engine, code: wasm.Component) -> tuple[_Exports, _Imports]:
    exported = {name: extern.ty for name, extern in code.type.exports(engine).items()}
    exports: _Exports = {}
    differences: list[str] = []
    for name, expected in PLUGIN_FUNCTIONS.items():
        index = code.get_export_index(name)
        ty = exported.get(name)
        if index is not None and isinstance(ty, wasm.FuncType):
            exports[name] = index, Signature(name, ty)
            differences += _difference(name, ty, expected)

    imports: _Imports = {}
    unexpected: list[str] = []
    for interface, extern in code.type.imports(engine).items():
        functions = _functions(engine, extern.ty)
        if interface == HOST_INTERFACE or interface.partition("@")[0] in _WASI_ANSWERED:
            imports[interface] = {name: Signature(f"{interface} {name}", ty) for name, ty in functions.items()}
        elif not _is_wasi(interface) and (functions or not isinstance(extern.ty, wasm.ComponentInstanceType)):
            # An interface that only names types needs nobody who answers it.
            unexpected.append(interface)
        if interface == HOST_INTERFACE:
            unexpected += [f"{interface} {name}" for name in sorted(functions.keys() - HOST_FUNCTIONS.keys())]
            for name in functions.keys() & HOST_FUNCTIONS.keys():
                differences += _difference(name, functions[name], HOST_FUNCTIONS[name])

    complaints = []
    if missing := PLUGIN_FUNCTIONS.keys() - exports.keys():
        complaints.append(f"does not export {', '.join(sorted(missing))}")
    if unexpected:
        complaints.append(f"imports {', '.join(unexpected)}, which this host does not have")
    complaints += differences
    if complaints:
        raise ComponentError(
            f"{path}: is built for another world or version: it {', and '.join(complaints)}; "
            "build it with the `proxywasm build` that comes with this host"
        )
    return exports, imports


def _functions(engine: wasmtime.Engine, ty: wasm.ComponentItem) -> dict[str, wasm.FuncType]:
    if not isinstance(ty, wasm.ComponentInstanceType):
        return {}
    items = [(name, extern.ty) for name, extern in ty.exports(engine).items()]
    return {name: item for name, item in items if isinstance(item, wasm.FuncType)}


def _difference(name: str, ty: wasm.FuncType, expected: str) -> list[str]:
    found = signature(ty)
    return [] if found == expected else [f"has {name}{found} where this host has {name}{expected}"]


def _is_wasi(name: str) -> bool:
    namespace, _, rest = name.partition(":")
    package, _, _ = rest.partition("/")
    _, _, number = name.partition("@")
    return namespace == "wasi" and package in _WASI_PACKAGES and number.startswith("0.2.")


# -- Cache ------------------------------------------------------------------------------------------------------------
# An entry is the machine code followed by its SHA-256. Whoever can write here can run code as this user, so the folder
# must be the user's alone; the digest is for files that are cut off or damaged.


def _cache_folder() -> Path | None:
    """The folder for compiled components, or None (with a warning that says what to do) if there is no safe one."""
    try:
        return cache_folder()
    except CacheFolderError as error:
        _log.warning("compiled components are not cached, each start takes seconds: %s", error)
        return None


def _key(data: bytes, settings: str) -> str:
    key = hashlib.sha256(data)
    # The size of its library tells one Wasmtime from another; `importlib.metadata` would take 30 ms to name the
    # version. If it is wrong after all, or the engine is set up differently, Wasmtime refuses the entry.
    key.update(f"{ffi.filename.stat().st_size} {sys.platform} {platform.machine()} {settings}".encode())
    return key.hexdigest()


def _read_entry(engine: wasmtime.Engine, entry: Path) -> wasm.Component | None:
    try:
        data = entry.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("cannot read the compiled component %s: %s", entry, error)
        return None
    if hashlib.sha256(memoryview(data)[:-_DIGEST_SIZE]).digest() != data[-_DIGEST_SIZE:]:
        _log.warning("compiling again, %s is damaged", entry)
        return None
    try:
        # From the file, not from `data`: it is mapped, and processes share its pages. What follows the code does not
        # matter to its format (ELF).
        code = wasm.Component.deserialize_file(engine, str(entry))
        os.utime(entry)
    except (WasmtimeError, OSError) as error:
        _log.warning("compiling again, %s cannot be used: %s", entry, error)
        return None
    return code


def _write_entry(entry: Path, code: wasm.Component) -> None:
    data = code.serialize()
    temporary = entry.with_name(f"{entry.name}.{os.getpid()}.{threading.get_native_id()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.write(hashlib.sha256(data).digest())
        temporary.replace(entry)
        forget_oldest(entry.parent, f"{_ENTRY_PREFIX}*", _CACHE_ENTRIES)
    except OSError as error:
        _log.warning("cannot keep the compiled component: %s", error)
        temporary.unlink(missing_ok=True)
