"""Compiled components, kept in a cache folder of the user.

An entry is the machine code followed by the SHA-256 of that and of the name of the entry. Whoever can write here can
run code as this user, so the folder must be the user's alone; the digest is for files that are damaged or misplaced.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import shutil
import sys
import threading
from pathlib import Path
from typing import Final

import wasmtime
from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime import component as wasm

from .cache import CacheFolderError, cache_folder, forget_oldest
from .component_file import reason

_log = logging.getLogger("proxywasm.engine")

_DIGEST_SIZE: Final = 32
# A development cycle leaves an entry of some 33 MB behind with each build.
ENTRIES: Final = 32
_PREFIX: Final = "proxywasm-"


class CompiledComponents:
    """Those of one engine; `settings` is what machine code depends on, as far as engines differ.

    Without a safe folder nothing is kept, and a warning says what to do.
    """

    def __init__(self, engine: wasmtime.Engine, settings: str) -> None:
        self._engine = engine
        self._settings = settings
        self._folder: Path | None = None
        try:
            self._folder = cache_folder()
        except CacheFolderError as error:
            _log.warning("compiled components are not cached, each start takes seconds: %s", error)

    def find(self, data: bytes) -> wasm.Component | None:
        """The machine code of a component, if it is here and whole."""
        if self._folder is None:
            return None
        entry = self._entry(self._folder, data)
        try:
            kept = entry.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("cannot read the compiled component %s: %s", entry, error)
            return None
        if _digest(entry, memoryview(kept)[:-_DIGEST_SIZE]) != kept[-_DIGEST_SIZE:]:
            _log.warning("compiling again, %s is damaged", entry)
            return None
        try:
            # From the file, not from `kept`: it is mapped, and processes share its pages. What follows the code does
            # not matter to its format (ELF).
            code = wasm.Component.deserialize_file(self._engine, str(entry))
            os.utime(entry)
        except WasmtimeError as error:
            _log.warning("compiling again, %s cannot be used: %s", entry, reason(error))
            return None
        except OSError as error:
            _log.warning("compiling again, %s cannot be used: %s", entry, error)
            return None
        return code

    def keep(self, data: bytes, code: wasm.Component) -> None:
        if self._folder is None:
            return
        entry = self._entry(self._folder, data)
        machine_code = code.serialize()
        temporary = entry.with_name(f"{entry.name}.{os.getpid()}.{threading.get_native_id()}")
        try:
            with temporary.open("wb") as file:
                file.write(machine_code)
                file.write(_digest(entry, machine_code))
            if entry.is_dir():
                shutil.rmtree(entry)
            temporary.replace(entry)
            forget_oldest(entry.parent, f"{_PREFIX}*", ENTRIES)
        except OSError as error:
            _log.warning("cannot keep the compiled component: %s", error)
            temporary.unlink(missing_ok=True)

    def _entry(self, folder: Path, data: bytes) -> Path:
        key = hashlib.sha256(data)
        # The size of its library tells one Wasmtime from another; `importlib.metadata` would take 30 ms to name the
        # version. If it is wrong after all, or the engine is set up differently, Wasmtime refuses the entry.
        key.update(f"{ffi.filename.stat().st_size}, {sys.platform}, {platform.machine()}, {self._settings}".encode())
        return folder / f"{_PREFIX}{key.hexdigest()}.cwasm"


def _digest(entry: Path, machine_code: bytearray | memoryview) -> bytes:
    # With the name, which stands for the component: the code of another one, whole as it may be, is of no use here.
    total = hashlib.sha256(entry.name.encode())
    total.update(machine_code)
    return total.digest()
