"""The gateway file in its place: whole, with its mode, and only if it is the one that was read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ....reading import read_bytes
from ...reader import LARGEST, GatewayFileError


class FileChangedError(Exception):
    """The file is not the one that was read."""


class WriteError(Exception):
    """The file cannot be written; the message says why."""


@dataclass(frozen=True, slots=True)
class FileText:
    text: str
    etag: str
    """The checksum of its bytes."""


def read_file(path: Path) -> FileText:
    """Raises `GatewayFileError`."""
    data = read_bytes(path, GatewayFileError, LARGEST)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise GatewayFileError(f"{path}: is not UTF-8 text") from None
    return FileText(text, hashlib.sha256(data).hexdigest())


def etag_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def is_writable(path: Path) -> bool:
    """Whether another file may be put in its place."""
    target = path.resolve()
    return os.access(target, os.W_OK) and os.access(target.parent, os.W_OK | os.X_OK)


def replace_file(path: Path, text: str, etag: str) -> None:
    """Put the text in the place of what has this checksum. A link stays a link.

    Raises `FileChangedError`, and `WriteError`; then the file is as it was.
    """
    target = path.resolve()
    try:
        status = target.stat()
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise WriteError(_why(path, error)) from None
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(PermissionError):  # a file of another user becomes one of this user
            os.chown(temporary, status.st_uid, status.st_gid)
        temporary.chmod(status.st_mode & 0o7777)
        if read_file(target).etag != etag:
            raise FileChangedError(f"{path} has changed since it was read")
        temporary.replace(target)
    except OSError as error:
        raise WriteError(_why(path, error)) from None
    except GatewayFileError as error:
        raise FileChangedError(str(error)) from None
    finally:
        temporary.unlink(missing_ok=True)


def _why(path: Path, error: OSError) -> str:
    return f"{path} cannot be written: {error.strerror or error}"
