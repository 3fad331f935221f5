"""The folder where what took seconds to make is kept for the next time."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path


class CacheFolderError(Exception):
    """There is no folder that only this user can write. The message says why and what to do."""


def cache_folder() -> Path:
    """`PROXYWASM_CACHE_DIR`, or `proxywasm` in the user's cache folder. Made if it is not there.

    Whoever can write here can have this user run code, so a folder that others can write is refused.
    """
    try:
        folder = _location()
    except RuntimeError as error:  # no home
        raise CacheFolderError(f"{error}; set PROXYWASM_CACHE_DIR") from None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise CacheFolderError(f"cannot use {folder}: {error.strerror}; set PROXYWASM_CACHE_DIR") from None
    if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
        raise CacheFolderError(
            f"others can write to {folder}; `chmod 700` it, or set PROXYWASM_CACHE_DIR to a folder of your own"
        )
    return folder


def one_at_a_time(entry: Path) -> AbstractContextManager[object]:
    """While it is open, other processes that want to make the same entry wait: then it is there.

    The lock's file stays. One for the last character of a name, so that they do not become many.
    """
    from filelock import FileLock  # noqa: PLC0415  # replays of what is in the cache go without

    return FileLock(entry.with_name(f".{entry.stem[-1]}.lock"))


def write(target: Path, data: bytes) -> None:
    """So that nobody ever sees half a module."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.close()
            temporary.chmod(0o644)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def forget_oldest(folder: Path, pattern: str, keep: int) -> None:
    """Delete all but the entries used last. Other processes may do the same at the same time."""
    ages = []
    for path in folder.glob(pattern):
        try:
            ages.append((path.stat().st_mtime, path))
        except FileNotFoundError:
            continue
    for _, path in sorted(ages)[:-keep]:
        path.unlink(missing_ok=True)


def _location() -> Path:
    if own := os.environ.get("PROXYWASM_CACHE_DIR"):
        return Path(own)
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification says to ignore a relative path.
    return (base if base.is_absolute() else Path.home() / ".cache") / "proxywasm"
