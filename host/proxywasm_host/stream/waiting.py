"""Parts of a body that wait for the plugin."""

from __future__ import annotations

from collections import deque
from typing import Final

from .states import Ending

_CHUNKS: Final = 1000
"""Chunks that are kept separately. Later ones are joined, because small chunks take much more memory than their
bytes."""


class Waiting:
    """Chunks that have arrived while their direction is paused, and a body that is being collected."""

    __slots__ = ("_buffer", "_queue", "queued")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._queue: deque[tuple[bytearray, Ending]] = deque()
        self.queued = 0
        """Their bytes."""

    def enqueue(self, data: bytes, ending: Ending) -> int:
        """Keep a chunk for later. Returns the bytes of all kept chunks."""
        if len(self._queue) < _CHUNKS:
            self._queue.append((bytearray(data), ending))
        else:
            last, _ = self._queue[-1]
            last += data
            self._queue[-1] = last, ending
        self.queued += len(data)
        return self.queued

    def dequeue(self) -> tuple[bytes, Ending] | None:
        """The next kept chunk, if there is one."""
        if not self._queue:
            return None
        data, ending = self._queue.popleft()
        self.queued -= len(data)
        return bytes(data), ending

    def collect(self, data: bytes) -> int:
        """Add to the body that is collected for the plugin. Returns its size so far."""
        self._buffer += data
        return len(self._buffer)

    def collected(self) -> bytes:
        """Take the collected body; empty if there is none."""
        body = bytes(self._buffer)
        self._buffer.clear()
        return body
