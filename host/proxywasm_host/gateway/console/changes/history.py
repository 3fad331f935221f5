"""What a gateway file was before: a bounded number of texts in a folder that only this user can read.

The texts have the secrets that the file has.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from ....reading import read_bytes
from .writing import etag_of

MOST: Final = 50
"""Texts of one file."""
_MOST_BYTES: Final = 16 * 2**20
_LARGEST: Final = 8 * 2**20
"""Bytes of an entry, which has a text as JSON."""

How: TypeAlias = Literal["edit", "roll back", "found"]
"""`found`: what was there before the first change of the console, or after one that it has not made."""


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    time: str
    who: str
    how: How
    etag: str
    added: int
    removed: int


class HistoryError(Exception):
    """A text cannot be kept or read; the message says why."""


class History:
    """For threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._entries: dict[int, Entry] | None = None

    def entries(self) -> list[Entry]:
        """The newest first. Raises `HistoryError`."""
        with self._lock:
            return [entry for _, entry in sorted(self._all().items(), reverse=True)]

    def text(self, number: int) -> tuple[Entry, str]:
        """Raises `KeyError` for one that is not there, and `HistoryError`."""
        with self._lock:
            entry = self._all()[number]
            return entry, str(_read(self._file(number))["text"])

    def add(self, text: str, *, who: str, how: How, added: int = 0, removed: int = 0) -> Entry:
        """Raises `HistoryError`."""
        with self._lock:
            return self._add(text, who, how, added, removed)

    def _add(self, text: str, who: str, how: How, added: int, removed: int) -> Entry:
        entries = self._all()
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        number = max(entries, default=0) + 1
        while True:
            entry = Entry(number, now, who, how, etag_of(text), added, removed)
            try:
                self._write(entry, text)
                break
            except FileExistsError:  # another gateway serves the same file
                number += 1
        entries[number] = entry
        self._forget()
        return entry

    def _all(self) -> dict[int, Entry]:
        if self._entries is None:
            found: dict[int, Entry] = {}
            for file in self._files():
                with contextlib.suppress(HistoryError, TypeError, KeyError):
                    kept = _read(file)
                    del kept["text"]
                    entry = Entry(**kept)
                    found[entry.id] = entry
            self._entries = found
        return self._entries

    def _write(self, entry: Entry, text: str) -> None:
        data = json.dumps({**asdict(entry), "text": text}).encode()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._file(entry.id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except FileExistsError:
            raise
        except OSError as error:
            raise HistoryError(f"{self._folder} cannot be written: {error.strerror}") from None

    def _forget(self) -> None:
        """The oldest, if there are too many or too much."""
        files = sorted(self._files(), reverse=True)
        room = _MOST_BYTES
        for place, file in enumerate(files):
            with contextlib.suppress(OSError):
                room -= file.stat().st_size
                if place and (place >= MOST or room < 0):
                    file.unlink()
                    self._all().pop(int(file.stem), None)

    def _files(self) -> list[Path]:
        return [file for file in self._folder.glob("*.json") if file.stem.isdecimal()]

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:08d}.json"


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_bytes(file, HistoryError, _LARGEST))
    except ValueError:
        raise HistoryError(f"{file} is damaged") from None
    if not isinstance(found, dict):
        raise HistoryError(f"{file} is damaged")
    return found


def folder_of(cache: Path, path: Path) -> Path:
    """Where the console keeps what belongs to a gateway file."""
    return cache / "console" / hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:32]
