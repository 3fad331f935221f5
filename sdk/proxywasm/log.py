"""Logging from inside a plugin: `log.info("...")`, the standard `logging` module and `print` all reach the host's log.

A line carries the number of the stream whose callback is running. The level is compared inside the plugin, so a message
that nobody wants does not cross the boundary.
"""

from __future__ import annotations

import io
import logging
import sys
from contextvars import ContextVar
from typing import Protocol

from .wire import LogLevel


class LogSink(Protocol):
    """The running plugin: knows the level and the stream that a message belongs to."""

    log_level: LogLevel

    def emit_log(self, level: LogLevel, message: str) -> None: ...


_sink: ContextVar[LogSink | None] = ContextVar("proxywasm_log_sink", default=None)


def enabled_for(level: LogLevel) -> bool:
    """Whether a message of this level would be logged; ask before building an expensive one."""
    sink = _sink.get()
    return sink is not None and level >= sink.log_level


def _log(level: LogLevel, message: str, args: tuple[object, ...]) -> None:
    sink = _sink.get()
    if sink is not None and level >= sink.log_level:
        sink.emit_log(level, message % args if args else message)


def trace(message: str, *args: object) -> None:
    _log(LogLevel.TRACE, message, args)


def debug(message: str, *args: object) -> None:
    _log(LogLevel.DEBUG, message, args)


def info(message: str, *args: object) -> None:
    _log(LogLevel.INFO, message, args)


def warn(message: str, *args: object) -> None:
    _log(LogLevel.WARN, message, args)


def error(message: str, *args: object) -> None:
    _log(LogLevel.ERROR, message, args)


def critical(message: str, *args: object) -> None:
    _log(LogLevel.CRITICAL, message, args)


class _Handler(logging.Handler):
    """Sends records of the standard `logging` module to the running plugin's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = LogLevel(min(max(record.levelno // 10, LogLevel.TRACE), LogLevel.CRITICAL))
        try:
            _log(level, "%s", (self.format(record),))
        except Exception:  # as in every handler of `logging`: a bad format string must not end the stream
            self.handleError(record)


class _Lines(io.TextIOBase):
    """A text stream whose complete lines are log messages."""

    def __init__(self, level: LogLevel) -> None:
        self._level = level
        self.unfinished = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self.unfinished = (self.unfinished + text).split("\n")
        for line in lines:
            _log(self._level, "%s", (line,))
        return len(text)

    def flush(self) -> None:
        """Nothing to do: an unfinished line is kept until its end, or until the callback returns."""

    def finish(self) -> None:
        if self.unfinished:
            self.write("\n")


_handler = _Handler()
_stdout, _stderr = _Lines(LogLevel.INFO), _Lines(LogLevel.WARN)


def install(level: LogLevel) -> None:
    """Let the standard `logging` module reach the running plugin's log from this level on."""
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
    root.setLevel(level * 10 or 1)


class Capture:
    """While entered, messages, `logging` records and what is printed go to the sink."""

    __slots__ = ("_saved", "_sink", "_token")

    def __init__(self, sink: LogSink) -> None:
        self._sink = sink

    def __enter__(self) -> None:
        self._token = _sink.set(self._sink)
        self._saved = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _stdout, _stderr

    def __exit__(self, *_: object) -> None:
        if _stdout.unfinished or _stderr.unfinished:
            _stdout.finish()
            _stderr.finish()
        sys.stdout, sys.stderr = self._saved
        _sink.reset(self._token)
