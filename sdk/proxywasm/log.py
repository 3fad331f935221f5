"""Logging from inside a plugin: `log.info("...")`, the standard `logging` module and `print` all reach the host's log.

A line carries the number of the stream whose callback is running. The level is compared inside the plugin, so a message
below it does not cross the boundary.
"""

from __future__ import annotations

from .core.log_lines import write
from .core.running import running
from .wire import LogLevel


def enabled_for(level: LogLevel) -> bool:
    """Whether a message of this level would be logged; ask before building an expensive one."""
    instance = running.get()
    return instance is not None and level >= instance.log_level


def trace(message: object, *args: object) -> None:
    write(LogLevel.TRACE, message, args)


def debug(message: object, *args: object) -> None:
    write(LogLevel.DEBUG, message, args)


def info(message: object, *args: object) -> None:
    write(LogLevel.INFO, message, args)


def warn(message: object, *args: object) -> None:
    write(LogLevel.WARN, message, args)


def error(message: object, *args: object) -> None:
    write(LogLevel.ERROR, message, args)


def critical(message: object, *args: object) -> None:
    write(LogLevel.CRITICAL, message, args)


def unsafe_info(message: object, *args: object) -> None:
    """A message that may quote headers or bodies: at level info, or, in a plugin with `safe_log`, at level debug.

    There it starts with a line break, so that collectors of single lines do not get hold of it.
    """
    if is_safe_log_enabled():
        write(LogLevel.DEBUG, f"\n{message}", args)
    else:
        write(LogLevel.INFO, message, args)


def is_safe_log_enabled() -> bool:
    """Whether the running plugin asked for `safe_log`."""
    instance = running.get()
    return instance is not None and instance.safe_log
