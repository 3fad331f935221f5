"""The pool of a plugin's instances: it starts and configures them, assigns streams to them, and replaces them.

A pool, its runners and their streams belong to one thread. Several threads need one pool each, and may share the
`Component`, the `SharedData` and the `Metrics`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from proxywasm.wire import ConfigError, LogLevel, PluginFailure, Program, ProgramLost

from ..limit_fields import MIB, limit
from ..services import HostServices, LogRecord, Metrics, Properties, SharedData
from ..stream import Ready, Runner, Stream
from .limits import DEFAULT_LIMITS, Limits

STARTING_ERRORS = (ConfigError, PluginFailure, ProgramLost)
"""Why an instance cannot be started: the configuration is refused, the plugin raised, or it hit a limit or a trap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How streams are distributed over instances. An instance that has reached a limit takes no new streams. It is
    closed when its last stream has ended, so running streams are not affected.

    `Sharing(streams=1)` gives every stream an instance of its own.
    """

    streams: int = limit(10_000, "", "streams of an instance, one after the other", "it is replaced")
    memory: int = limit(
        64 * MIB,
        "bytes",
        "what an instance keeps: its memory never shrinks, and Python alone takes 13 MB",
        "it is replaced",
    )
    open_streams: int = limit(
        10_000, "", "streams of an instance at the same time", "the next one goes to another instance"
    )
    instances: int = limit(
        100,
        "",
        "all instances, those included that wait for their last streams",
        "new streams go without the plugin or are refused, as `fail_open` says",
    )


class ClosableProgram(Program, Protocol):
    """What a pool needs of a program; `ComponentProgram` is one."""

    @property
    def memory(self) -> int | None: ...

    def close(self) -> None: ...


class Pool:
    """The instances of one plugin with one configuration.

    `runner()` gives the runner for the next stream. A trap, or a call that takes too long, costs the streams of its
    instance only: each is answered with a 500, reset, or continues without the plugin, as `fail_open` says (see
    `Stream.give_up`); the next stream gets a fresh instance.

    Args:
        start: makes an instance, for example `lambda services: ComponentProgram(component, services, limits=limits)`.
            It may raise `ProgramLost`.
        config: one JSON document, given to every instance once.
        on_log: gets the messages of all instances; without it each instance's services keep the latest of its own.
        services: makes those of each instance, for pools that share data and metrics; `log_level`, `on_log` and
            `limits.kept` are then its business.

    Raises:
        ConfigError, PluginFailure, ProgramLost: the first instance cannot be started.
    """

    def __init__(
        self,
        start: Callable[[HostServices], ClosableProgram],
        config: str,
        *,
        limits: Limits = DEFAULT_LIMITS,
        sharing: Sharing | None = None,
        fail_open: bool = False,
        log_level: LogLevel = LogLevel.INFO,
        on_log: Callable[[LogRecord], None] | None = None,
        services: Callable[[], HostServices] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sharing = sharing or Sharing()
        self.refused: str | None = None
        """Why the last new configuration was refused; the one before it is serving. None: it is the last one."""
        self.started = 0
        """Instances so far."""
        self.lost = 0
        """Instances that trapped or hit a limit that costs the instance."""
        self._start = start
        self._config = config
        self._limits = limits
        self._fail_open = fail_open
        self._log_level = log_level
        self._clock = clock
        kept = limits.kept
        shared_data, metrics = SharedData(kept), Metrics(kept)
        self._services = services or (
            lambda: HostServices(
                log_level=log_level, on_log=on_log, shared_data=shared_data, metrics=metrics, limits=kept
            )
        )
        self._ready: Ready[Stream] = Ready()
        self._runners: list[_PooledRunner] = []  # in the order of their start; the last one takes new streams
        self._failures = 0  # starts that failed in a row
        self._retry_at = 0.0
        self._failure = ""
        self._closed = False
        self._runners.append(self._new_runner(self._start, config))

    @property
    def runners(self) -> Sequence[Runner]:
        """Those with an instance, for ticks and call-outs. The list is a copy."""
        return list(self._runners)

    def ready(self) -> list[Stream]:
        """Open streams of all runners that have something to send, each once.

        Call it after each call of a stream or a runner; `Stream.take` returns the events. The list includes streams of
        a lost instance, whose runner is no longer among `runners`.
        """
        return self._ready.streams()

    def runner(self) -> Runner:
        """The runner for the next stream. If there is no instance, it is a runner that fails the stream.

        Open the stream at once; call `runner` again for the next stream.
        """
        if self._closed:
            raise RuntimeError("the pool is closed")
        for runner in reversed(self._runners):
            if runner.takes_streams():
                return runner
        if len(self._runners) >= self.sharing.instances:
            return self._no_runner(f"all {self.sharing.instances} instances are busy")
        if self._failures and self._clock() < self._retry_at:
            return self._no_runner(self._failure)
        try:
            runner = self._new_runner(self._start, self._config)
        except STARTING_ERRORS as error:
            # Starting takes up to `Limits.start_time`, in which nothing else is served.
            self._failures += 1
            self._retry_at = self._clock() + min(2.0**self._failures, 60.0)
            self._failure = f"no instance can be started: {error}"
            return self._no_runner(self._failure)
        self._failures = 0
        self._runners.append(runner)
        return runner

    def reconfigure(self, config: str, start: Callable[[HostServices], ClosableProgram] | None = None) -> None:
        """Serve new streams with another configuration, and if `start` is given with another plugin.

        A fresh instance reads it; running streams keep theirs, to their end.

        Raises:
            ConfigError, PluginFailure, ProgramLost: it is refused. The previous configuration stays in use. The reason
                is logged, and in `refused` until a configuration is accepted.
        """
        if self._closed:
            raise RuntimeError("the pool is closed")
        start = start or self._start
        try:
            runner = self._new_runner(start, config)
        except STARTING_ERRORS as error:
            self.refused = str(error)
            self._services().log(LogLevel.ERROR, 0, f"a new configuration is refused, the old one serves on: {error}")
            raise
        self.refused = None
        self._failures = 0
        self._config, self._start = config, start
        for old in self._runners[:]:
            old.retire()
        self._runners.append(runner)

    def close(self) -> None:
        """End all open streams and close all instances."""
        self._closed = True
        for runner in self._runners[:]:
            runner.abandon("the pool is closed")

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_runner(self, start: Callable[[HostServices], ClosableProgram], config: str) -> _PooledRunner:
        services = self._services()
        program = start(services)
        try:
            program.configure(config, self._log_level)
        except BaseException:
            program.close()
            raise
        self.started += 1
        return _PooledRunner(self, program, services, limits=self._limits, fail_open=self._fail_open, ready=self._ready)

    def _no_runner(self, reason: str) -> Runner:
        """A runner without an instance: its first stream is handled like those of a lost instance."""
        program = _NoProgram(reason)
        limits = self._limits.streams
        return Runner(program, self._services(), limits=limits, fail_open=self._fail_open, ready=self._ready)

    def _forget(self, runner: _PooledRunner) -> None:
        if runner in self._runners:
            self._runners.remove(runner)


class _PooledRunner(Runner):
    """A runner that knows when its instance has reached a limit of `Sharing`, and closes it after the last stream."""

    program: ClosableProgram

    def __init__(
        self,
        pool: Pool,
        program: ClosableProgram,
        services: HostServices,
        *,
        limits: Limits,
        fail_open: bool,
        ready: Ready[Stream],
    ) -> None:
        super().__init__(program, services, limits=limits.streams, fail_open=fail_open, ready=ready)
        self._pool = pool
        self._opened = 0
        self._retired = False

    def takes_streams(self) -> bool:
        return not self._retired and len(self._streams) < self._pool.sharing.open_streams

    def open(self, properties: Properties | None = None) -> Stream:
        stream = super().open(properties)
        self._opened += 1
        if self._opened >= self._pool.sharing.streams:
            self.retire()
        return stream

    def forget(self, stream: Stream) -> None:
        super().forget(stream)
        memory = self.program.memory
        if memory is not None and memory >= self._pool.sharing.memory:
            self.retire()
        self._close_if_idle()

    def lose(self, reason: str) -> None:
        if not self.lost:
            self._pool.lost += 1
            self._retired = True
        super().lose(reason)
        self._close_if_idle()

    def retire(self) -> None:
        """Take no new streams."""
        self._retired = True
        self._close_if_idle()

    def abandon(self, reason: str) -> None:
        """Close the instance now. If a stream is open, it is logged that the instance is lost."""
        self._retired = True
        if self._streams and not self.lost:
            super().lose(reason)
        self._close_if_idle()

    def _close_if_idle(self) -> None:
        if self._retired and (self.lost or not self._streams):
            self._pool._forget(self)
            self.program.close()
            self.services.close()


class _NoProgram:
    """Used in place of an instance that could not be started."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def _lost(self, *_: object) -> NoReturn:
        raise ProgramLost(self._reason)

    configure = on_request_headers = on_request_body = on_request_trailers = _lost
    on_response_headers = on_response_body = on_response_trailers = on_response_broken = _lost
    on_done = on_http_call_response = on_redis_call_response = on_tick = _lost
