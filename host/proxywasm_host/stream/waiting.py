"""What of a body waits for the plugin."""

from __future__ import annotations

from collections import deque
from typing import Final

from .states import Ending

_CHUNKS: Final = 1000
"""That wait one by one. What comes then is put together: small chunks take much more room than their bytes."""


class Waiting:
    """Chunks that have arrived while their direction is paused, and a body that is being collected."""

    __slots__ = ("_buffer", "_queue", "_queued")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._queue: deque[tuple[bytearray, Ending]] = deque()
        self._queued = 0  # their bytes

    def enqueue(self, data: bytes, ending: Ending) -> int:
        """Keep a chunk for later. The bytes of all that are kept."""
        if len(self._queue) < _CHUNKS:
            self._queue.append((bytearray(data), ending))
        else:
            last, _ = self._queue[-1]
            last += data
            self._queue[-1] = last, ending
        self._queued += len(data)
        return self._queued

    def dequeue(self) -> tuple[bytes, Ending] | None:
        """The next chunk that was kept; None: there is none."""
        if not self._queue:
            return None
        data, ending = self._queue.popleft()
        self._queued -= len(data)
        return bytes(data), ending

    def collect(self, data: bytes) -> int:
        """Add to the body that is collected for the plugin. The bytes of all of it."""
        self._buffer += data
        return len(self._buffer)

    def collected(self) -> bytes:
        """The body that was collected, which is not kept any longer; empty: there is none."""
        body = bytes(self._buffer)
        self._buffer.clear()
        return body
