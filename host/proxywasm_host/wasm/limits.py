"""All limits of a host in one place, so that an operator can compare them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from proxywasm.wire import LogLevel

from .. import services, stream
from ..limit_fields import KIB, MIB, limit
from ..services.call_time import CALL_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one plugin instance and of its streams. Sizes are bytes, times are seconds.

    Beyond a limit, the plugin gets an error that it can catch, where Python has one (`MemoryError`, `RecursionError`,
    `HttpCallError`, `LimitError`). An answer that is too large fails its stream. Only a call that takes too long, and a
    stack that C code exhausts, end the instance.

    `stack` belongs to an `Engine`, whose programs all have the same. Python code meets Python's own limit
    (`RecursionError`) first, C code does not: JSON that is nested 9,000 times uses up 4 MiB (2,150: 1 MiB) and costs
    the instance. From 32 MiB on C code, too, meets Python's limit. But the thread must have more than that: mostly it
    has 8 MiB, or what `threading.stack_size` said before it was started.

    `memory` and `call_time` fit the largest bodies that ai-proxy admits, 36 MiB. Converted, one takes five to eight
    times its size for a moment, and up to eighteen times if all of it is one text with an emoji: Python then has four
    bytes for each character. That takes half a second of a fast machine that has nothing else to do.
    """

    memory: int = limit(
        1024 * MIB,
        "bytes",
        "a memory of an instance; Python alone takes 13 MB, and what an instance has taken it keeps",
        "the plugin: `MemoryError`",
    )
    memories: int = limit(1, "", "memories of an instance; Python has one", "the instance does not start")
    table_elements: int = limit(
        100_000, "", "a table of an instance; ai-proxy has 5,700", "the instance does not start"
    )
    tables: int = limit(10, "", "tables of an instance; Python has two", "the instance does not start")
    modules: int = limit(100, "", "modules that a component instantiates; Python has 14", "the instance does not start")
    stack: int = limit(
        4 * MIB,
        "bytes",
        "nested calls in C code, on the calling thread",
        "the instance is lost; from 32 MiB on the plugin: `RecursionError`",
    )
    call_time: float = limit(
        CALL_TIME,
        "s",
        "one call of a callback; time in which call-outs are waited for does not count",
        "the instance is lost",
    )
    start_time: float = limit(
        10.0, "s", "starting an instance, and reading its configuration", "the configuration is refused"
    )

    streams: stream.Limits = field(default_factory=stream.Limits)
    """What may be buffered, and how long a stream may be paused."""
    kept: services.Limits = field(default_factory=services.Limits)
    """What the host keeps for plugins from call to call: properties, shared data, metrics, call-outs, messages."""
    header_count: int = limit(
        1000,
        "",
        "all header edits and fields of local replies in the answer to one call; fields of one call-out",
        "the stream; the plugin: `HttpCallError`",
    )
    header_size: int = limit(
        256 * KIB,
        "bytes",
        "names and values of those fields, with what separates them",
        "the stream; the plugin: `HttpCallError`",
    )

    log_message: int = limit(
        16 * KIB,
        "bytes",
        "a message of the plugin, a traceback, the reason why a configuration is refused",
        "the log: the message is cut, and says so",
    )
    log_rate: int = limit(
        256 * KIB,
        "characters a second",
        "messages and tracebacks once `log_burst` is used up",
        "the log: messages are dropped, and it says how many",
    )
    log_burst: int = limit(1 * MIB, "characters", "messages and tracebacks at once", "see `log_rate`")


DEFAULT_LIMITS: Final = Limits()


class LogGate:
    """Passes a plugin's messages on at a limited rate, and logs how many were dropped.

    It is a leaky bucket: each message fills it, time empties it. Like its program it belongs to one thread.
    """

    __slots__ = ("_burst", "_clock", "_dropped", "_filled", "_last", "_log", "_rate")

    def __init__(
        self,
        log: Callable[[LogLevel, int, str], None],
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._rate = limits.log_rate
        self._burst = limits.log_burst
        self._clock = clock
        self._filled = 0.0
        self._last = clock()
        self._dropped = 0

    def __call__(self, level: LogLevel, context: int, message: str) -> None:
        if self._passes(message):
            self._log(level, context, message)

    def failure(self, traceback: str) -> str:
        """Count a traceback, which the stream logs like any other message."""
        return traceback if self._passes(traceback) else "the plugin failed; its traceback is dropped, it logs too much"

    def _passes(self, message: str) -> bool:
        now = self._clock()
        self._filled = max(0.0, self._filled - (now - self._last) * self._rate)
        self._last = now
        # A message without text takes room in a log, too.
        size = len(message) + 32
        # Once it is full, it has to be half empty again: otherwise every other line would say that one was dropped.
        if self._filled + size > (self._burst / 2 if self._dropped else self._burst):
            self._dropped += 1
            if self._dropped == 1:
                self._log(LogLevel.WARN, 0, "the plugin logs too much: messages are dropped from here on")
            return False
        self._filled += size
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self._log(LogLevel.WARN, 0, f"the plugin logged too much: {dropped} messages were dropped")
        return True
