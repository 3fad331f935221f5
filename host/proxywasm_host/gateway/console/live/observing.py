"""What one process of a gateway knows for the console: its streams, its log, and its recordings.

While nobody looks, it keeps the last streams that have ended, and does nothing else.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ....recordings.recorder import RecordOptions
from ...live.access import AccessLine
from ...live.observed import Observed
from ..recordings.folder import ROOM
from .log import LogRing
from .models import Models
from .recording import Recordings
from .rows import row

ENDED: Final = 200
"""Streams that have ended and are remembered."""
OPEN: Final = 200
"""Open streams that are told at once, of all workers together."""
_LOOKING: Final = 5.0
"""Seconds after the last question that somebody counts as looking."""


class Observer:
    """`answer` says what the console asks. For the event loop of the streams."""

    def __init__(self, log: LogRing, tell: Callable[[str], None]) -> None:
        self.log = log
        self.recordings = Recordings(tell)
        self._ended: deque[tuple[int, AccessLine, int]] = deque(maxlen=ENDED)
        self._count = 0
        self._asked = float("-inf")
        self._observed: Observed | None = None

    def watch(self, worker: Observed) -> None:
        """Whose streams these are."""
        self._observed = worker

    # For the worker.

    def models(self) -> Models | None:
        """For a stream that begins."""
        return Models() if time.monotonic() - self._asked < _LOOKING else None

    def ended(self, access: AccessLine, generation: int) -> None:
        self._count += 1
        access.keep()
        self._ended.append((self._count, access, generation))

    # For the console.

    def answer(self, what: str, arguments: dict[str, Any]) -> Any:
        """`what` is the name of one of the methods below."""
        return _ANSWERS[what](self, **arguments)

    def streams(self, after: int, most: int) -> Any:
        """The open streams, the oldest first, and those that have ended after the one with this number."""
        self._asked = time.monotonic()
        found = [] if self._observed is None else self._observed.open_streams()
        rows = [row(*each) for each in found[:most]]
        ended = [row(access, "ended", version) for number, access, version in self._ended if number > after]
        return {"open": rows, "more": max(len(found) - most, 0), "ended": ended, "last": self._count}

    def lines(self, after: int) -> Any:
        lines, lost = self.log.after(after)
        return {"lines": lines, "lost": lost}

    def record(self, folder: str, streams: int, seconds: float, shares: int) -> Any:
        self.recordings.start(RecordOptions(Path(folder), ROOM), streams, seconds, shares)
        return self.recordings.state()

    def stop(self) -> Any:
        self.recordings.stop()
        return self.recordings.state()

    def recording(self) -> Any:
        return self.recordings.state()


_ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "streams": Observer.streams,
    "lines": Observer.lines,
    "record": Observer.record,
    "stop": Observer.stop,
    "recording": Observer.recording,
}
