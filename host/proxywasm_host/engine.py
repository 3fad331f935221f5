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
from typing import Final

import wasmtime
from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime import component as wasm

from proxywasm_host.functions import Signature

_log = logging.getLogger("proxywasm.engine")

HOST_INTERFACE: Final = "proxywasm:http/host@0.1.0"
HOST_FUNCTIONS: Final = frozenset({
    "log",
    "get-property",
    "set-property",
    "get-shared-data",
    "set-shared-data",
    "http-call",
    "define-metric",
    "increment-metric",
    "record-metric",
    "get-metric",
    "set-tick-period",
})  # fmt: skip
PLUGIN_FUNCTIONS: Final = frozenset({
    "configure",
    "on-request-headers",
    "on-request-body",
    "on-response-headers",
    "on-response-body",
    "on-done",
    "on-http-call-response",
    "on-tick",
})  # fmt: skip

# What `Linker.add_wasip2` defines, any 0.2 version.
_WASI_PACKAGES: Final = frozenset({"cli", "clocks", "filesystem", "io", "random", "sockets"})
# The interfaces of WASI that this host may answer itself.
_WASI_ANSWERED: Final = frozenset({"wasi:clocks/monotonic-clock", "wasi:clocks/wall-clock", "wasi:random/random"})

_MAGIC: Final = b"\0asm"
_COMPONENT_LAYER: Final = b"\x0d\0\1\0"

_DIGEST_SIZE: Final = 32
# A development cycle leaves an entry of some 33 MB behind with each build.
_CACHE_ENTRIES: Final = 16


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
    """

    engine: wasmtime.Engine
    code: wasm.Component
    exports: dict[str, tuple[wasm.ExportIndex, Signature]]
    imports: dict[str, dict[str, Signature]]


class Engine:
    """Compiles components and runs them. One per process is enough; threads may share it."""

    def __init__(self) -> None:
        self.engine = wasmtime.Engine()
        self._cache = _cache_folder()

    def load(self, path: str | os.PathLike[str]) -> Component:
        """Compile a plugin, or take it from the cache.

        The first time takes seconds, later ones less than 0.1 s, most of it to hash 20 + 33 MB.

        Raises:
            ComponentError: the file is not a component, is damaged, or is not built for the world `http-plugin`.
        """
        return _check_world(Path(path), self.engine, self.compile(path))

    def compile(self, path: str | os.PathLike[str]) -> wasm.Component:
        """Compile a component for any world, or take it from the cache.

        Raises:
            ComponentError: the file is not a component or is damaged.
        """
        path = Path(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ComponentError(f"{path}: cannot be read: {error.strerror}") from error
        _check_header(path, data)
        if self._cache is None:
            return self._compile(path, data)
        entry = self._cache / f"proxywasm-{_key(data)}.cwasm"
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


def _check_header(path: Path, data: bytes) -> None:
    # Wasmtime would take anything else for the text format.
    if not data.startswith(_MAGIC):
        raise ComponentError(f"{path}: is not WebAssembly; `proxywasm build` makes a component from a plugin")
    if not data.startswith(_COMPONENT_LAYER, len(_MAGIC)):
        raise ComponentError(
            f"{path}: is a WebAssembly module, not a component; a Proxy-Wasm module runs in Envoy, "
            "`proxywasm build` without `--target` makes a component for this host"
        )


def _check_world(path: Path, engine: wasmtime.Engine, code: wasm.Component) -> Component:
    imported = code.type.imports(engine)
    exported = {name: extern.ty for name, extern in code.type.exports(engine).items()}
    exports: dict[str, tuple[wasm.ExportIndex, Signature]] = {}
    for name in PLUGIN_FUNCTIONS:
        index = code.get_export_index(name)
        ty = exported.get(name)
        if index is not None and isinstance(ty, wasm.FuncType):
            exports[name] = index, Signature(name, ty)

    imports: dict[str, dict[str, Signature]] = {}
    unexpected: list[str] = []
    for name, extern in imported.items():
        if name == HOST_INTERFACE or name.partition("@")[0] in _WASI_ANSWERED:
            imports[name] = _signatures(engine, name, extern.ty)
        elif not _is_wasi(name) and not _is_types_only(engine, extern.ty):
            unexpected.append(name)
    unknown = imports.get(HOST_INTERFACE, {}).keys() - HOST_FUNCTIONS
    unexpected += [f"{HOST_INTERFACE} {name}" for name in sorted(unknown)]

    complaints = []
    if missing := PLUGIN_FUNCTIONS - exports.keys():
        complaints.append(f"does not export {', '.join(sorted(missing))}")
    if unexpected:
        complaints.append(f"imports {', '.join(unexpected)}, which this host does not have")
    if complaints:
        raise ComponentError(
            f"{path}: is built for another world or version: it {' and '.join(complaints)}; "
            "build it with the `proxywasm build` that comes with this host"
        )
    return Component(engine, code, exports, imports)


def _signatures(engine: wasmtime.Engine, interface: str, ty: wasm.ComponentItem) -> dict[str, Signature]:
    if not isinstance(ty, wasm.ComponentInstanceType):
        return {}
    items = [(name, extern.ty) for name, extern in ty.exports(engine).items()]
    return {name: Signature(f"{interface} {name}", item) for name, item in items if isinstance(item, wasm.FuncType)}


def _is_wasi(name: str) -> bool:
    namespace, _, rest = name.partition(":")
    package, _, _ = rest.partition("/")
    _, _, number = name.partition("@")
    return namespace == "wasi" and package in _WASI_PACKAGES and number.startswith("0.2.")


def _is_types_only(engine: wasmtime.Engine, ty: wasm.ComponentItem) -> bool:
    """An interface that only names types needs nobody who answers it."""
    return isinstance(ty, wasm.ComponentInstanceType) and not _signatures(engine, "", ty)


# -- Cache ------------------------------------------------------------------------------------------------------------
# An entry is the machine code followed by its SHA-256. Whoever can write here can run code as this user, so the folder
# must be the user's alone; the digest is for files that are cut off or damaged.


def _cache_folder() -> Path | None:
    """The folder for compiled components, or None (with a warning that says what to do) if there is no safe one."""
    try:
        folder = _cache_location()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError) as error:
        _log.warning("compiled components are not cached, each start takes seconds: %s; set PROXYWASM_CACHE_DIR", error)
        return None
    if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
        _log.warning(
            "compiled components are not cached, each start takes seconds: others can write to %s; "
            "`chmod 700` it, or set PROXYWASM_CACHE_DIR to a folder of your own",
            folder,
        )
        return None
    return folder


def _cache_location() -> Path:
    if own := os.environ.get("PROXYWASM_CACHE_DIR"):
        return Path(own)
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification says to ignore a relative path.
    return (base if base.is_absolute() else Path.home() / ".cache") / "proxywasm"


def _key(data: bytes) -> str:
    key = hashlib.sha256(data)
    # The size of its library tells one Wasmtime from another; `importlib.metadata` would take 30 ms to name the
    # version. If it is wrong after all, or the engine is set up differently, Wasmtime refuses the entry.
    key.update(f"{ffi.filename.stat().st_size} {sys.platform} {platform.machine()}".encode())
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
        _forget_oldest(entry.parent)
    except OSError as error:
        _log.warning("cannot keep the compiled component: %s", error)
        temporary.unlink(missing_ok=True)


def _forget_oldest(folder: Path) -> None:
    """Keep the entries used last. Other processes may do the same at the same time."""
    ages = []
    for path in folder.glob("proxywasm-*"):
        try:
            ages.append((path.stat().st_mtime, path))
        except FileNotFoundError:
            continue
    for _, path in sorted(ages)[:-_CACHE_ENTRIES]:
        path.unlink(missing_ok=True)
