"""Recordings that the console asks for: of the next streams, for some time, into a folder of a bounded size."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ....recordings.exchange import Exchange
from ....recordings.recorder import RecordingFolder, RecordOptions
from ..times import iso


class Recordings:
    """For one process. `tell` gets lines of the log."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._folder: RecordingFolder | None = None
        self._left = 0
        self._until = 0.0

    def start(self, options: RecordOptions, streams: int, seconds: float, shares: int) -> None:
        if self._folder is not None:
            threading.Thread(target=self._folder.close, daemon=True).start()  # it writes what waits
        self._folder = RecordingFolder(options, self._tell, shares=shares)
        self._left = streams
        self._until = time.time() + seconds

    def stop(self) -> None:
        self._left = 0

    def close(self) -> None:
        """At the end: write what waits."""
        if self._folder is not None:
            self._folder.close()

    def state(self) -> dict[str, Any]:
        active = self._is_active()
        return {"active": active, "left": self._left if active else 0, "until": iso(self._until) if active else None}

    # For the recorder of the worker.

    def takes(self) -> bool:
        """Whether a stream that begins now is to be recorded. Then it is one of those that are left."""
        if not self._left or not self._is_active():
            return False
        self._left -= 1
        return True

    def put(self, exchange: Exchange, size: int) -> None:
        if self._folder is not None:
            self._folder.put(exchange, size)

    def _is_active(self) -> bool:
        return self._left > 0 and time.time() < self._until
