"""Logging from inside a plugin: `log.info("...")`, the standard `logging` module and `print` all reach the host's log.

A line carries the number of the stream whose callback is running. The level is compared inside the plugin, so a message
that nobody wants does not cross the boundary.
"""

from __future__ import annotations

import io
import logging

from . import checks
from .core.running import running
from .wire import LogLevel


def enabled_for(level: LogLevel) -> bool:
    """Whether a message of this level would be logged; ask before building an expensive one."""
    sink = running.get()
    return sink is not None and level >= sink.log_level


def _log(level: LogLevel, message: object, args: tuple[object, ...]) -> None:
    sink = running.get()
    if sink is not None and level >= sink.log_level:
        sink.emit_log(level, str(message) % args if args else str(message))


def trace(message: object, *args: object) -> None:
    _log(LogLevel.TRACE, message, args)


def debug(message: object, *args: object) -> None:
    _log(LogLevel.DEBUG, message, args)


def info(message: object, *args: object) -> None:
    _log(LogLevel.INFO, message, args)


def warn(message: object, *args: object) -> None:
    _log(LogLevel.WARN, message, args)


def error(message: object, *args: object) -> None:
    _log(LogLevel.ERROR, message, args)


def critical(message: object, *args: object) -> None:
    _log(LogLevel.CRITICAL, message, args)


def unsafe_info(message: object, *args: object) -> None:
    """A message that may quote headers or bodies: at level info, or, in a plugin with `safe_log`, at level debug.

    There it starts with a line break, so that collectors of single lines do not get hold of it.
    """
    if is_safe_log_enabled():
        _log(LogLevel.DEBUG, f"\n{message}", args)
    else:
        _log(LogLevel.INFO, message, args)


def is_safe_log_enabled() -> bool:
    """Whether the running plugin asked for `safe_log`."""
    sink = running.get()
    return sink is not None and sink.safe_log


class _Handler(logging.Handler):
    """Sends records of the standard `logging` module to the running plugin's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = LogLevel(min(max(record.levelno // 10, LogLevel.TRACE), LogLevel.CRITICAL))
        try:
            _log(level, "%s", (self.format(record),))
        except Exception:  # as in every handler of `logging`: a bad format string must not end the stream
            self.handleError(record)


unfinished: set[_Lines] = set()
"""The streams of `print` that hold the beginning of a line."""


def finish_lines() -> None:
    """The callback has returned: what it has printed is a line, whether it ended it or not."""
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
            _log(self._level, "%s", (line,))
        return len(text)

    def flush(self) -> None:
        """Nothing to do: an unfinished line is kept until its end, or until the callback returns."""

    def finish(self) -> None:
        if self._unfinished:
            self.write("\n")


_handler = _Handler()

stdout, stderr = _Lines(LogLevel.INFO), _Lines(LogLevel.WARN)
"""What `sys.stdout` and `sys.stderr` are while a callback runs."""


def install(level: LogLevel) -> None:
    """Let the standard `logging` module reach the running plugin's log from this level on."""
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
    root.setLevel(level * 10 or 1)
