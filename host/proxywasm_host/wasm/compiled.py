"""Compiled components, kept in a cache folder of the user.

An entry is the machine code followed by the SHA-256 of that and of the name of the entry. Whoever can write here can
run code as this user, so the folder must be the user's alone; the digest is for files that are damaged or misplaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, Final

import wasmtime
from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime import component as wasm

from ..cache import CacheFolderError, cache_folder, forget_oldest, one_at_a_time
from .compiling import Settings, compile_to
from .component_file import reason

_log = logging.getLogger("proxywasm.engine")

_DIGEST_SIZE: Final = 32
_BLOCK: Final = 1024 * 1024
# During development each build leaves an entry of some 33 MB.
ENTRIES: Final = 32
_PREFIX: Final = "proxywasm-"


class _UnusableError(Exception):
    """An entry is damaged, or belongs to another name."""


class CompiledComponents:
    """The compiled components of one engine with its settings.

    Without a safe folder nothing is kept, and a warning says what to do.
    """

    def __init__(self, engine: wasmtime.Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._folder: Path | None = None
        try:
            self._folder = cache_folder()
        except CacheFolderError as error:
            _log.warning("compiled components are not cached, each start takes seconds: %s", error)

    def find(self, data: bytes) -> wasm.Component | None:
        """The machine code of a component, if the cache has it undamaged."""
        if self._folder is None:
            return None
        try:
            return self._load(self._entry(self._folder, data))
        except FileNotFoundError:
            return None
        except _UnusableError as error:
            _log.warning("compiling again, %s", error)
            return None

    def make(self, data: bytes) -> wasm.Component:
        """Compile a component, and keep its machine code if there is a folder for it.

        Raises:
            RefusedError, CompilerLostError: see `compile_to`.
            OSError: there is no room for the machine code, not even while it is loaded.
        """
        if self._folder is not None:
            entry = self._entry(self._folder, data)
            try:
                with one_at_a_time(entry):
                    # Another process may have been faster.
                    with contextlib.suppress(FileNotFoundError, _UnusableError):
                        return self._load(entry)
                    self._fill(entry, data)
                return self._load(entry)
            except (OSError, _UnusableError) as error:
                _log.warning("cannot keep the compiled component: %s", error)
        # The mapped code stays after its file is deleted.
        with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as private:
            code = Path(private, "code.cwasm")
            with code.open("wb") as file:
                compile_to(file, data, self._settings)
            return self._deserialize(code)

    def _load(self, entry: Path) -> wasm.Component:
        """Raises `FileNotFoundError` or `_UnusableError`."""
        try:
            with entry.open("rb") as file:
                if _digest(entry, file, os.fstat(file.fileno()).st_size - _DIGEST_SIZE) != file.read():
                    raise _UnusableError(f"{entry} is damaged")
            code = self._deserialize(entry)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _UnusableError(f"{entry} cannot be read: {error.strerror}") from error
        except WasmtimeError as error:
            raise _UnusableError(f"{entry} cannot be used: {reason(error)}") from error
        with contextlib.suppress(OSError):  # where others, too, look what was used last
            os.utime(entry)
        return code

    def _deserialize(self, entry: Path) -> wasm.Component:
        # What follows the code does not matter to its format (ELF).
        try:
            # The file is mapped, and processes share its pages.
            return wasm.Component.deserialize_file(self._engine, str(entry))
        except WasmtimeError:
            # Code cannot be mapped from a volume that is mounted `noexec`.
            return wasm.Component.deserialize(self._engine, entry.read_bytes())

    def _fill(self, entry: Path, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=entry.parent, prefix=f"{entry.name}.", delete=False) as file:
            temporary = Path(file.name)
            try:
                compile_to(file, data, self._settings)
                size = file.seek(0, os.SEEK_END)
                file.seek(0)
                file.write(_digest(entry, file, size))
                file.close()
                if entry.is_dir():
                    shutil.rmtree(entry)
                temporary.replace(entry)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        forget_oldest(entry.parent, f"{_PREFIX}*", ENTRIES)

    def _entry(self, folder: Path, data: bytes) -> Path:
        key = hashlib.sha256(data)
        # The size of its library tells one Wasmtime from another; `importlib.metadata` would take 30 ms to name the
        # version. If it is wrong after all, or the engine is set up differently, Wasmtime refuses the entry.
        size = ffi.filename.stat().st_size
        key.update(f"{size}, {sys.platform}, {platform.machine()}, {self._settings.name}".encode())
        return folder / f"{_PREFIX}{key.hexdigest()}.cwasm"


def _digest(entry: Path, file: IO[bytes], size: int) -> bytes:
    """Of the code that a file begins with, read in pieces: a start takes no memory for what is mapped anyway."""
    # The name identifies the component: undamaged code of another component must not match.
    total = hashlib.sha256(entry.name.encode())
    while size > 0 and (block := file.read(min(_BLOCK, size))):
        total.update(block)
        size -= len(block)
    return total.digest()
