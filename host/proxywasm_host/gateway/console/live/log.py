"""The latest lines of a process' log, in a bounded room."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from proxywasm.wire import LogLevel

from ....services import LogRecord
from ..times import iso

MOST: Final = 1_000
_MOST_CHARACTERS: Final = 2**20
_LONGEST: Final = 16 * 2**10
_PREFIX: Final = re.compile(r"\[[^]]*\]")
"""Of the lines of plugins in Envoy: the stream, and the id of its request."""
_OWN: Final = "console: "
"""In front of lines about the console."""
_TRACEBACK: Final = "Traceback (most recent call last):"
_LEVELS: Final = {level: "warning" if level is LogLevel.WARN else level.name.lower() for level in LogLevel}


class _Line(NamedTuple):
    number: int
    when: float
    level: str
    source: str
    text: str


class LogRing:
    """Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[_Line] = deque()
        self._last = 0
        self._size = 0

    def add(self, message: object, source: str = "gateway", level: str = "info") -> None:
        """A line of the gateway, or a `LogRecord` of a plugin."""
        if isinstance(message, LogRecord):
            source, level, text = message.plugin, _LEVELS[message.level], message.message
        else:
            text = str(message)
            if text.startswith(_OWN):
                source, text = "console", text.removeprefix(_OWN)
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}..."
        with self._lock:
            self._last += 1
            self._lines.append(_Line(self._last, time.time(), level, source, text))
            self._size += len(text)
            while len(self._lines) > MOST or self._size > _MOST_CHARACTERS:
                self._size -= len(self._lines.popleft().text)

    def after(self, number: int) -> tuple[list[dict[str, Any]], int]:
        """The lines behind this one that are still there, and how many are not."""
        with self._lock:
            lines = [line for line in self._lines if line.number > number]
            lost = max(self._last - max(number, 0) - len(lines), 0)
        return [_described(line) for line in lines], lost


def _described(line: _Line) -> dict[str, Any]:
    message, heading, rest = line.text.partition(_TRACEBACK)
    if heading and not _PREFIX.sub("", message).strip():
        message += rest.strip().rpartition("\n")[2]
    return {
        "number": line.number,
        "time": iso(line.when),
        "level": line.level,
        "source": line.source,
        "message": message.rstrip(),
        "traceback": f"{heading}{rest}" if heading else None,
    }


class _Handler(logging.Handler):
    def __init__(self, ring: LogRing) -> None:
        super().__init__()
        self._ring = ring

    def emit(self, record: logging.LogRecord) -> None:
        self._ring.add(self.format(record), level=record.levelname.lower())


@contextmanager
def listening(ring: LogRing) -> Iterator[None]:
    """Add what the host itself logs by Python's logging."""
    handler, log = _Handler(ring), logging.getLogger("proxywasm")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
