"""Read files that users pass to the command line: regular files only, of a bounded size."""

from __future__ import annotations

import errno
import math
import os
import stat
from pathlib import Path
from typing import Final

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Without `O_NONBLOCK` to open a pipe waits for whoever writes to it."""
_MIB: Final = 2**20


def read_bytes(path: Path, error: type[Exception], most: int) -> bytes:
    """A file of at most that many bytes. If it cannot be read, raises `error` with its path and the reason."""
    if "\0" in str(path):
        raise error(f"{str(path)!r} is no name of a file; it has NUL in it")
    try:
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            if wrong := _no_file(status.st_mode):
                raise error(f"{path}: {wrong}")
            # Files that the system generates while they are read, as in /proc, have no size.
            data = file.read(most + 1) if status.st_size <= most else None
    except OSError as reason:
        if reason.errno == errno.EISDIR:
            raise error(f"{path}: {_FOLDER}") from None
        raise error(f"{path}: cannot be read: {reason.strerror}") from None
    if data is None or len(data) > most:
        raise error(f"{path}: is larger than {most // _MIB} MiB; check that it is the file you mean")
    return data


def read_text(path: Path, error: type[Exception], most: int) -> str:
    """Read a file of UTF-8 text, without a byte order mark; see `read_bytes`."""
    data = read_bytes(path, error, most)
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as reason:
        line = data.count(b"\n", 0, reason.start) + 1
        column = reason.start - data.rfind(b"\n", 0, reason.start)
        raise error(
            f"{path}:{line}: is not UTF-8 text: {reason.reason} at byte {column} of the line; save it as UTF-8"
        ) from None


_FOLDER: Final = "is a folder; name a file"


def _no_file(mode: int) -> str | None:
    if stat.S_ISDIR(mode):
        return _FOLDER
    return None if stat.S_ISREG(mode) else "is a pipe or device; write what comes from it to a file, and name that"


MOST_DIGITS: Final = 400
"""Characters of a number. A float has up to 309 digits before its point."""


def wrong_number(text: str) -> str | None:
    """What is wrong with a number of somebody's JSON or YAML, if anything is.

    Python reads `1e999` as infinite, and the time that it takes for a whole number grows with the square of the digits.
    """
    if len(text) > MOST_DIGITS:
        return f"a number of more than {MOST_DIGITS} digits; put quotes around it if it is a text"
    if not text.lstrip("+-").isdecimal() and math.isinf(float(text)):
        return "the number is too large; put quotes around it if it is a text"
    return None


def shown(text: str, most: int = 60) -> str:
    """A text of a user's file, escaped for a message of one line.

    >>> shown("a\\nb")
    'a\\\\nb'
    """
    cut = text if len(text) <= most else f"{text[: most - 3]}..."
    return cut if cut.isprintable() else "".join(_visible(character) for character in cut)


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
