"""How log messages leave the running plugin: its own, those of the standard `logging` module, and what it prints.

A line carries the number of the stream whose callback is running. The level is compared inside the plugin, so a message
below it does not cross the boundary.
"""

from __future__ import annotations

import io
import logging

from .. import checks
from ..wire import LogLevel
from .running import running


def write(level: LogLevel, message: object, args: tuple[object, ...] = ()) -> None:
    """Log a message of the running plugin if its level is enabled; without a running plugin there is no log."""
    instance = running.get()
    if instance is not None and level >= instance.log_level:
        instance.emit_log(level, str(message) % args if args else str(message))


class _Handler(logging.Handler):
    """Sends records of the standard `logging` module to the running plugin's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = LogLevel(min(max(record.levelno // 10, LogLevel.TRACE), LogLevel.CRITICAL))
        try:
            write(level, "%s", (self.format(record),))
        except Exception:  # as in every handler of `logging`: a bad format string must not end the stream
            self.handleError(record)


unfinished: set[_Lines] = set()
"""The streams of `print` that hold the beginning of a line."""


def finish_lines() -> None:
    """The callback has returned: log the unfinished lines that it has printed."""
    stdout.finish()
    stderr.finish()
    unfinished.clear()


class _Lines(io.TextIOBase):
    """A text stream whose complete lines are log messages."""

    def __init__(self, level: LogLevel) -> None:
        self._level = level
        self._unfinished = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text = checks.text(text, "what is printed")
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        if self._unfinished:
            unfinished.add(self)
        for line in lines:
            write(self._level, "%s", (line,))
        return len(text)

    def flush(self) -> None:
        """Nothing to do: an unfinished line is kept until its end, or until the callback returns."""

    def finish(self) -> None:
        if self._unfinished:
            self.write("\n")


_handler = _Handler()

stdout, stderr = _Lines(LogLevel.INFO), _Lines(LogLevel.WARN)
"""The values of `sys.stdout` and `sys.stderr` while a callback runs."""


def install(level: LogLevel) -> None:
    """Let the standard `logging` module reach the running plugin's log from this level on."""
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
    root.setLevel(level * 10 or 1)
