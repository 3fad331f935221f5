"""The recordings of a console: the files of one folder, by ids that are looked up in it."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any, Final

from ....recordings.exchange import Exchange, ExchangeError, load, time_text

ROOM: Final = 64 * 2**20
"""Bytes of all files."""
_MOST: Final = 500
"""Recordings that are listed: the newest."""


class Recorded:
    """For threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, tuple[object, dict[str, Any]]] = {}

    def listed(self) -> dict[str, Any]:
        """The newest first."""
        with self._lock:
            files = self._files()
            found = [self._described(name, file) for name, file in sorted(files.items(), reverse=True)[:_MOST]]
            self._known = {name: known for name, known in self._known.items() if name in files}
        return {"files": [each for each in found if each], "room_bytes": ROOM, "used_bytes": self.used()}

    def used(self) -> int:
        total = 0
        for file in self._files().values():
            with contextlib.suppress(OSError):
                total += file.stat().st_size
        return total

    def exchange(self, name: str) -> Exchange:
        """Raises `KeyError` for one that is not there, or is no recording."""
        try:
            return load(self._files()[name])[0]
        except (ExchangeError, IndexError):
            raise KeyError(name) from None

    def delete(self, name: str) -> None:
        """Raises `KeyError` for one that is not there."""
        self._files()[name].unlink(missing_ok=True)

    def _files(self) -> dict[str, Path]:
        with contextlib.suppress(OSError):
            return {file.stem: file for file in self.folder.iterdir() if file.suffix == ".json" and file.is_file()}
        return {}

    def _described(self, name: str, file: Path) -> dict[str, Any] | None:
        try:
            status = file.stat()
            state = status.st_mtime_ns, status.st_size
            if name not in self._known or self._known[name][0] != state:
                self._known[name] = state, _summary(name, self.exchange(name), status.st_size)
        except (OSError, KeyError):  # it was deleted meanwhile, or is none of ours
            return None
        return self._known[name][1]


def _summary(name: str, exchange: Exchange, size: int) -> dict[str, Any]:
    headers = dict(exchange.request.headers)
    response = exchange.response
    return {
        "id": name,
        "time": None if exchange.time_ns is None else time_text(exchange.time_ns),
        "title": f"{headers.get(':method', '')} {headers.get(':path', '').partition('?')[0]}",
        "status": None if response is None else int(dict(response.headers)[":status"]),
        "bytes": size,
        "chunks": 0 if response is None else len(response.body),
    }
