"""Write recordings to a folder, in a thread of its own: a disk that is slow or full costs a recording, no stream."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..exchange import Exchange, time_text, to_document
from ..files import write_whole
from ..masking import LeakError, masked
from .options import RecordOptions

_MOST_WAITING: Final = 1000
_MOST_BYTES: Final = 64 * 2**20
"""Of recordings that wait to be written."""
_END_SECONDS: Final = 4.0
"""At the end. Workers are killed after five, see `gateway.live.workers.supervisor`."""


class RecordingFolder:
    """`log` gets a line for what is not recorded: the first time that files cannot be written, and when they can be
    again; when the folder is full; and for each exchange that cannot be a recording.

    `shares`: how many processes record to this folder. Each gets a part of the room.
    """

    def __init__(self, options: RecordOptions, log: Callable[[str], None], *, shares: int = 1) -> None:
        self.written = 0
        self._options = options
        self._log = log
        self._queue: queue.Queue[tuple[Exchange, int] | None] = queue.Queue(_MOST_WAITING)
        self._waiting = 0
        self._lock = threading.Lock()
        self._lost = 0
        self._full = False
        self._count = 0
        self._room = max(options.most - _used(options.folder), 0) // shares
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def put(self, exchange: Exchange, size: int) -> None:
        """Have it written. Never waits; what comes too fast is lost."""
        if self._full:
            return
        with self._lock:
            fits = self._waiting + size <= _MOST_BYTES and not self._queue.full()
            if fits:
                self._waiting += size
                self._queue.put_nowait((exchange, size))
        if not fits:
            self._lose("recordings come faster than they can be written")

    def close(self, seconds: float = _END_SECONDS) -> None:
        """Write what waits, for some seconds at most."""
        with suppress(queue.Full):
            self._queue.put(None, timeout=seconds)
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._log(f"recording: not all could be written to {self._options.folder} within {seconds:g} s")

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            exchange, size = item
            try:
                self._record(exchange)
            except OSError as error:
                self._lose(f"{self._options.folder} cannot be written: {error.strerror or error}")
            except LeakError as error:
                self._log(f"not recorded: {exchange.name}: {error}")
            except Exception as error:  # the thread has to go on
                self._lose(f"{exchange.name}: {type(error).__name__}: {error}, which is a fault of proxywasm")
            with self._lock:
                self._waiting -= size

    def _record(self, exchange: Exchange) -> None:
        if self._full:
            return
        data = to_document([masked(exchange, names=self._options.names)])
        if len(data) > self._room:
            self._full = True
            self._log(
                f"recording ends: {self._options.folder} has {self.written} new files, and no room for more within "
                f"{self._options.most:,} bytes"
            )
            return
        self._options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._count += 1
        stamp = time_text(exchange.time_ns or 0).replace("-", "").replace(":", "")
        write_whole(self._options.folder / f"{stamp}-{os.getpid()}-{self._count}.json", data)
        self._room -= len(data)
        self.written += 1
        with self._lock:
            lost, self._lost = self._lost, 0
        if lost:
            self._log(f"recording: written again; {lost} exchange{' was' if lost == 1 else 's were'} not recorded")

    def _lose(self, reason: str) -> None:
        with self._lock:
            self._lost += 1
            first = self._lost == 1
        if first:
            self._log(f"not recorded: {reason}")


def _used(folder: Path) -> int:
    """Bytes of the recordings that are there."""
    with suppress(OSError):
        return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.name.endswith(".json"))
    return 0
