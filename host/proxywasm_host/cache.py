"""The cache folder: results that take seconds to make are kept there."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path


class CacheFolderError(Exception):
    """There is no folder that only this user can write. The message says why and what to do."""


def cache_folder() -> Path:
    """`PROXYWASM_CACHE_DIR`, or `proxywasm` in the user's cache folder. Made if it is not there.

    Anyone who can write to it can make this user run code. So the folder, all folders above it and the links that lead
    to it must belong to this user or root, and no other user may be able to write to them.
    """
    try:
        folder = _location()
    except RuntimeError as error:  # no home
        raise CacheFolderError(f"{error}; set PROXYWASM_CACHE_DIR") from None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unsafe = None if sys.platform == "win32" else _unsafe(folder)
    except OSError as error:
        raise CacheFolderError(f"cannot use {folder}: {error.strerror}; set PROXYWASM_CACHE_DIR") from None
    if unsafe:
        raise CacheFolderError(f"{unsafe}, or set PROXYWASM_CACHE_DIR to a folder of your own")
    return folder


def _unsafe(folder: Path) -> str | None:
    """Why other users could write to it or replace it, and what to do about that; empty if they cannot."""
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        return f"others can write to {folder}; `chmod 700` it"
    for place, status in _way_to(folder):
        what = f"others can put something else in the place of the cache folder {folder}, because "
        if status.st_uid not in {0, os.geteuid()}:
            return f"{what}{place} belongs to another user; `chown` it"
        # The mode of a link means nothing. Where the sticky bit is set, only the owner can rename what is inside.
        if not stat.S_ISLNK(status.st_mode) and not status.st_mode & stat.S_ISVTX and _others_write(status):
            return f"{what}they can write to {place}; `chmod go-w` it"
    return None


def _way_to(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """All folders and links that one passes, from the root on."""
    here = Path("/")
    yield here, here.lstat()
    ahead = [*reversed(folder.absolute().parts[1:])]
    while ahead:
        part = ahead.pop()
        if part == "..":
            here = here.parent
            continue
        status = (here / part).lstat()
        yield here / part, status
        if not stat.S_ISLNK(status.st_mode):
            here /= part
            continue
        target = (here / part).readlink()
        if target.is_absolute():
            here = Path("/")
        ahead += [name for name in reversed(target.parts) if name != "/"]


def _others_write(status: os.stat_result) -> bool:
    return bool(status.st_mode & 0o002 or (status.st_mode & 0o020 and not _is_own_group(status.st_gid)))


def _is_own_group(number: int) -> bool:
    """Whether it is the group that many systems give to each user, for folders that this user's `umask` of 002 made."""
    import grp  # noqa: PLC0415  # not on Windows
    import pwd  # noqa: PLC0415  # not on Windows

    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and group.gr_gid == user.pw_gid and set(group.gr_mem) <= {user.pw_name}


def one_at_a_time(entry: Path) -> AbstractContextManager[object]:
    """A lock: one process makes the entry, the others wait and then find it.

    The lock file stays. There is one for each last character of a name, so that there are few of them.
    """
    from filelock import FileLock  # noqa: PLC0415  # replays of what is in the cache go without

    return FileLock(entry.with_name(f".{entry.stem[-1]}.lock"))


def write(target: Path, data: bytes) -> None:
    """Write a file; readers see all of it or nothing."""
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
