"""What a plugin may use. One place for all limits of a host, so that an operator sees them side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from proxywasm.wire import (
    Command,
    EditRequestHeaders,
    EditResponseHeaders,
    Injection,
    InjectResponseBody,
    LogLevel,
    Outcome,
    ReplaceRequestBody,
    ReplaceResponseBody,
    SendLocalReply,
)

from . import services, stream

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one plugin instance and of its streams. Sizes are bytes, times are seconds.

    A plugin that wants more gets an error that it can catch where Python has one (`MemoryError`, `RecursionError`,
    `HttpCallError`, `LimitError`); an answer that is too large fails the stream it was for; only a call that takes too
    long, and a stack that is used up by C code, cost the instance.
    """

    memory: int = 1024 * MIB
    """Of an instance. Python alone takes 13 MB. What it has taken it keeps: see `Sharing.memory` in the pool.

    A body that is converted takes six to nine times its size for a moment, one whose only text has an emoji in it up to
    twenty times: Python then has four bytes for each character. ai-proxy admits bodies of 36 MiB.
    """
    stack: int = 4 * MIB
    """Of the calling thread, for nested calls in C code. It belongs to an `Engine`, whose programs all have the same.

    Python code meets Python's own limit (`RecursionError`) first, C code does not: JSON that is nested 9,000 times uses
    up 4 MiB (2,150: 1 MiB) and costs the instance. From 32 MiB on C code, too, meets Python's limit. But the thread
    must have more than that: mostly it has 8 MiB, or what `threading.stack_size` said before it was started.
    """
    call_time: float = 5.0
    """One call of a callback. Time spent waiting for call-outs does not count: nothing waits inside a call.

    To convert a body of 32 MiB takes half a second on a fast machine that has nothing else to do.
    """
    start_time: float = 10.0
    """Starting an instance, and reading its configuration."""

    streams: stream.Limits = field(default_factory=stream.Limits)
    """What may be buffered, and how long a stream may be paused."""
    kept: services.Limits = field(default_factory=services.Limits)
    """What the host keeps for plugins from call to call: properties, shared data, metrics, call-outs, messages."""
    answer: int = 64 * MIB
    """Body bytes in the answer to one call. Wasmtime itself refuses answers of 128 MiB and more."""
    commands: int = 1000
    """In the answer to one call."""
    header_count: int = 1000
    """Fields in one edit or local reply."""
    header_size: int = 256 * KIB
    """Names and values of those fields together."""

    log_message: int = 16 * KIB
    """Characters; the rest of a message is cut off."""
    log_rate: int = 256 * KIB
    """Characters a second, once `log_burst` characters are used up. More is dropped, and the log says how much."""
    log_burst: int = 1 * MIB


DEFAULT_LIMITS: Final = Limits()


class LogGate:
    """Lets a plugin's messages through at a limited rate, and says what was dropped.

    It is a leaky bucket: each message fills it, time empties it. Not for several threads, as its program.
    """

    __slots__ = ("_burst", "_clock", "_dropped", "_filled", "_last", "_log", "_message", "_rate")

    def __init__(
        self,
        log: Callable[[LogLevel, int, str], None],
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._message = limits.log_message
        self._rate = limits.log_rate
        self._burst = limits.log_burst
        self._clock = clock
        self._filled = 0.0
        self._last = clock()
        self._dropped = 0

    def __call__(self, level: LogLevel, context: int, message: str) -> None:
        now = self._clock()
        self._filled = max(0.0, self._filled - (now - self._last) * self._rate)
        self._last = now
        if len(message) > self._message:
            message = f"{message[: self._message]} [{len(message) - self._message} more characters cut off]"
        # A message without text takes room in a log, too.
        size = len(message) + 32
        # Once it is full, it has to be half empty again: otherwise every other line would say that one was dropped.
        if self._filled + size > (self._burst / 2 if self._dropped else self._burst):
            self._dropped += 1
            if self._dropped == 1:
                self._log(LogLevel.WARN, 0, "the plugin logs too much: messages are dropped from here on")
            return
        self._filled += size
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self._log(LogLevel.WARN, 0, f"the plugin logged too much: {dropped} messages were dropped")
        self._log(level, context, message)


def excess(outcome: Outcome, limits: Limits) -> str | None:
    """What is too large in the answer to a call, if anything is."""
    if outcome is None:
        return None
    if isinstance(outcome, bytes):
        return _too_large("body", len(outcome), limits.answer)
    if len(outcome) > limits.commands:
        return f"{len(outcome)} commands, more than the {limits.commands} that are allowed"
    for command in outcome:
        if complaint := _command_excess(command, limits):
            return complaint
    return None


def _command_excess(command: Command, limits: Limits) -> str | None:
    match command:
        case EditRequestHeaders(edits) | EditResponseHeaders(edits):
            count = len(edits) // 2
            size = sum(map(len, edits)) - count  # without what to do with each
        case SendLocalReply(reply):
            if complaint := _too_large("body", len(reply.body), limits.answer):
                return complaint
            count = len(reply.headers)
            size = sum(len(name) + len(value) for name, value in reply.headers)
        case ReplaceRequestBody(body) | ReplaceResponseBody(body) | InjectResponseBody(Injection(body)):
            return _too_large("body", len(body), limits.answer)
        case _:
            return None
    if count > limits.header_count:
        return f"{count} header fields, more than the {limits.header_count} that are allowed"
    return _too_large("header", size, limits.header_size)


def _too_large(what: str, size: int, limit: int) -> str | None:
    return f"a {what} of {size} bytes, more than the {limit} that are allowed" if size > limit else None
