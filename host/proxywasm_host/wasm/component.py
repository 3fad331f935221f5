"""One instance of a plugin component as a `Program`."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, Final

from wasmtime import Store, WasiConfig, WasmtimeError
from wasmtime.component import Instance, Linker

from proxywasm.text import spell_out
from proxywasm.wire import (
    ConfigError,
    FailStream,
    Fields,
    Host,
    LogLevel,
    Outcome,
    PluginFailure,
    ProgramLost,
)

from .answers import HOST, LEVELS, LIVE, REPRODUCIBLE, Answers, RandomError, SleepError
from .crossing import to_fields, to_outcome, to_payload, to_text
from .engine import Component, reason
from .functions import Misfit, core_memory, host_exception
from .limits import DEFAULT_LIMITS, Limits, LogGate
from .python_frames import where
from .ticker import ticks
from .values import Excess
from .world import HOST_INTERFACE

_LEVEL_NAMES: Final = {level: name for name, level in LEVELS.items()}

_START_ERRORS: Final = {"refused": ConfigError, "failed": PluginFailure}
"""The exception for each case of `start-error`."""

_TRAPS: Final = {
    "wasm trap: interrupt": "a call took longer than it may",
    "wasm trap: call stack exhausted": "nested calls used up the stack",
    "too much data is being copied": "an answer is larger than the 128 MiB that Wasmtime takes",
}
"""Texts of Wasmtime when a limit ended a call, and our messages for them."""


def _cause(error: BaseException) -> str:
    """Why a call of the guest was aborted."""
    if isinstance(error, WasmtimeError):
        cause = reason(error)
        return next((f"{meaning} ({cause})" for trap, meaning in _TRAPS.items() if cause.startswith(trap)), cause)
    if isinstance(error, SleepError | RandomError):
        return str(error)
    return f"a host function failed: {error!r:.1000}"


class ComponentProgram:
    """A `Program` in one instance of a component. It serves one call at a time.

    Args:
        component: from `Engine.load`.
        host: answers the plugin's questions during a call.
        limits: what the plugin may use; `stack` is a matter of the engine, `streams` of the `Runner`, `kept` of the
            host.
        plugin: which plugin of the component it becomes, if that has several.
        reproducible: clock and randomness come from `host.now` and `host.random_bytes` instead of the system.

    Raises:
        ProgramLost: the instance could not be made.
    """

    def __init__(
        self,
        component: Component,
        host: Host,
        *,
        plugin: str = "",
        limits: Limits = DEFAULT_LIMITS,
        reproducible: bool = False,
    ) -> None:
        self._plugin = plugin
        component = component.within(limits)
        self._host = host
        self._log = LogGate(host.log, limits)
        self._limits = limits
        self.answers_within = limits.streams
        """Limits that `crossing` has checked when an answer leaves the component."""
        self._lost: str | None = None
        self._entry = threading.Lock()
        self._ticker = component.ticker
        self._ticker.start()
        self._armed = -1  # when the deadline was last set
        self._call_ticks = ticks(limits.call_time)
        self._store = Store(component.engine)
        self._store.set_wasi(WasiConfig())  # no files, no environment, no network, no standard streams
        self._store.set_limits(
            memory_size=limits.memory,
            memories=limits.memories,
            table_elements=limits.table_elements,
            tables=limits.tables,
            instances=limits.modules,
        )
        self._store.set_epoch_deadline(ticks(limits.start_time))
        instance = self._instantiate(component, REPRODUCIBLE if reproducible else LIVE)
        self._memory = core_memory(self._store, instance, component.modules)

        functions: dict[str, Callable[..., Any]] = {}
        for name, (index, signature) in component.exports.items():
            func = instance.get_func(self._store, index)
            assert func is not None, name
            functions[name] = signature.bind(self._store, func)
        self._configure = functions["configure"]
        self._on_request_headers = functions["on-request-headers"]
        self._on_request_body = functions["on-request-body"]
        self._on_request_trailers = functions["on-request-trailers"]
        self._on_response_headers = functions["on-response-headers"]
        self._on_response_body = functions["on-response-body"]
        self._on_response_trailers = functions["on-response-trailers"]
        self._on_done = functions["on-done"]
        self._on_http_call_response = functions["on-http-call-response"]
        self._on_redis_call_response = functions["on-redis-call-response"]
        self._on_tick = functions["on-tick"]

    def _instantiate(self, component: Component, wasi: dict[str, Answers]) -> Instance:
        # A linker for each instance costs 0.2 ms and saves every host function the search for its instance.
        linker = Linker(component.engine)
        linker.add_wasip2()
        linker.allow_shadowing = True
        # Weak, because the functions live as long as the store, which is ours: Python could not collect this cycle.
        this = weakref.ref(self)

        def with_host(function: Callable[..., Any]) -> Callable[..., Any]:
            def answer(*args: Any) -> Any:
                program = this()
                assert program is not None, "called by a guest that runs"
                return function(program._host, *args)

            return answer

        def log(level: str, context: int, message: str) -> None:
            program = this()
            assert program is not None, "called by a guest that runs"
            program._log(LEVELS[level], context, message)

        with linker.root() as root:
            for interface, signatures in component.imports.items():
                # WASI's version is the component's own, or Wasmtime would prefer its definition to ours.
                answers = HOST if interface == HOST_INTERFACE else wasi.get(interface.partition("@")[0])
                if answers is None:
                    continue
                with root.add_instance(interface) as parent:
                    for name, signature in signatures.items():
                        gated = answers is HOST and name == "log"
                        signature.define(parent, name, log if gated else with_host(answers[name]))
        try:
            return linker.instantiate(self._store, component.code)
        except WasmtimeError as error:
            raise ProgramLost(f"cannot be started: {_cause(error)}") from host_exception() or error

    def _phase(self, function: Callable[..., Any], *args: Any) -> Outcome:
        case, value = self._call(function, *args)
        if case == "unchanged":
            return None
        if case == "failed":
            raise PluginFailure(self._log.failure(value))
        outcome = to_outcome(case, value, self._limits)
        if case == "commands":
            for command in outcome or ():
                if isinstance(command, FailStream):
                    command.value = self._log.failure(command.value)
        return outcome

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        if self._lost is not None:
            raise ProgramLost(self._lost)
        if not self._entry.acquire(blocking=False):
            raise RuntimeError("the program is in a call: it serves one at a time, and none from a host function")
        try:
            if self._armed != self._ticker.ticks:
                self._armed = self._ticker.ticks
                self._store.set_epoch_deadline(self._call_ticks)
            return function(*args)
        except Misfit:
            raise
        except Excess as excess:
            raise PluginFailure(f"the plugin's answer has {excess}") from excess
        except Exception as error:
            self._lost = _cause(error)
            frames = self._frames() if isinstance(error, WasmtimeError) else ""
            raise ProgramLost(f"{self._lost}\n\n{frames}" if frames else self._lost) from error
        except BaseException as error:
            self._lost = f"interrupted by {error!r}"
            raise
        finally:
            self._entry.release()

    def _frames(self) -> str:
        """Where the plugin's code was when a trap stopped it."""
        return "" if self._memory is None else where(self._memory.read)

    def close(self) -> None:
        """Free the memory of the instance now. Every later call raises `ProgramLost`."""
        if not self._entry.acquire(blocking=False):
            raise RuntimeError("the program is in a call and cannot be closed")
        self._lost = self._lost or "closed"
        self._store.close()
        self._entry.release()

    @property
    def memory(self) -> int | None:
        """Bytes that the instance has taken, which is what it keeps; None if that cannot be told."""
        return None if self._lost is not None or self._memory is None else self._memory.size()

    def read_memory(self, start: int, size: int) -> bytes:
        """What the instance has in its memory there; nothing if that cannot be told."""
        return b"" if self._lost is not None or self._memory is None else self._memory.read(start, size)

    def configure(self, config: str, log_level: LogLevel) -> None:
        call_ticks, self._call_ticks, self._armed = self._call_ticks, ticks(self._limits.start_time), -1
        try:
            text = spell_out(config)
            if self._plugin:
                text = f"\0{self._plugin}\0{text}"
            case, error = self._call(self._configure, text, _LEVEL_NAMES[log_level])
        finally:
            self._call_ticks, self._armed = call_ticks, -1
        if case == "err":
            kind, message = error
            raise _START_ERRORS[kind](message)

    def on_request_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return self._phase(self._on_request_headers, context, to_fields(headers), end_of_stream)

    def on_request_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return self._phase(self._on_request_body, context, *to_text(body), end_of_stream)

    def on_request_trailers(self, context: int, trailers: Fields) -> Outcome:
        return self._phase(self._on_request_trailers, context, to_fields(trailers))

    def on_response_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return self._phase(self._on_response_headers, context, to_fields(headers), end_of_stream)

    def on_response_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return self._phase(self._on_response_body, context, *to_text(body), end_of_stream)

    def on_response_trailers(self, context: int, trailers: Fields) -> Outcome:
        return self._phase(self._on_response_trailers, context, to_fields(trailers))

    def on_done(self, context: int) -> Outcome:
        return self._phase(self._on_done, context)

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        return self._phase(self._on_http_call_response, call, (to_fields(headers), to_payload(body)))

    def on_redis_call_response(self, call: int, response: bytes | None) -> Outcome:
        payload = None if response is None else to_payload(response)
        return self._phase(self._on_redis_call_response, call, payload)

    def on_tick(self) -> Outcome:
        return self._phase(self._on_tick)
