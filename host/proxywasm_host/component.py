"""One instance of a plugin component behind the `Program` methods."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias

from wasmtime import Store, WasiConfig, WasmtimeError
from wasmtime.component import Instance, Linker

from proxywasm.wire import (
    BodyMode,
    Command,
    ConfigError,
    EditRequestHeaders,
    EditResponseHeaders,
    EffectiveContext,
    Fields,
    ForeignFunctionError,
    Hold,
    HoldPhase,
    Host,
    HttpCallError,
    Injection,
    InjectResponseBody,
    LimitError,
    LimitRequestBody,
    LimitResponseBody,
    LocalReply,
    LogLevel,
    MetricKind,
    Outcome,
    PluginFailure,
    ProgramLost,
    ReadRequestBody,
    ReadResponseBody,
    RedisCallError,
    ReplaceRequestBody,
    ReplaceResponseBody,
    ResumeRequest,
    ResumeResponse,
    SendLocalReply,
    join_fields,
    split_edits,
    split_fields,
)
from proxywasm_host.engine import Component, reason
from proxywasm_host.functions import Misfit, host_exception, memory_size
from proxywasm_host.limits import DEFAULT_LIMITS, Limits, LogGate, excess
from proxywasm_host.ticker import ticks
from proxywasm_host.world import HOST_INTERFACE

Payload: TypeAlias = tuple[str, str]
"""The WIT type `payload`: the case and its string."""

_LEVELS: Final = {level.name.lower(): level for level in LogLevel}
_LEVEL_NAMES: Final = {level: name for name, level in _LEVELS.items()}


# -- What the plugin asks for -----------------------------------------------------------------------------------------


def _text(data: bytes) -> tuple[str, bool]:
    """Bytes as they cross, and whether that is as one character per byte."""
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return data.decode("latin-1"), True


def _payload(data: bytes) -> Payload:
    text, latin1 = _text(data)
    return "latin1" if latin1 else "utf8", text


def _bytes(payload: Payload) -> bytes:
    case, text = payload
    return text.encode() if case == "utf8" else text.encode("latin-1")


def _local_reply(fields: tuple[int, str, Payload, str]) -> SendLocalReply:
    status, headers, body, details = fields
    return SendLocalReply(LocalReply(status, split_fields(headers), _bytes(body), details))


def _injection(fields: tuple[Payload, bool]) -> InjectResponseBody:
    body, end_of_stream = fields
    return InjectResponseBody(Injection(_bytes(body), end_of_stream))


_COMMANDS: Final[dict[str, Callable[[Any], Command]]] = {
    "effective-context": EffectiveContext,
    "hold": lambda value: HoldPhase(Hold(value)),
    "read-request-body": lambda value: ReadRequestBody(BodyMode(value)),
    "read-response-body": lambda value: ReadResponseBody(BodyMode(value)),
    "limit-request-body": LimitRequestBody,
    "limit-response-body": LimitResponseBody,
    "edit-request-headers": lambda value: EditRequestHeaders(split_edits(value)),
    "edit-response-headers": lambda value: EditResponseHeaders(split_edits(value)),
    "replace-request-body": lambda value: ReplaceRequestBody(_bytes(value)),
    "replace-response-body": lambda value: ReplaceResponseBody(_bytes(value)),
    "inject-response-body": _injection,
    "resume-request": lambda _: ResumeRequest(),
    "resume-response": lambda _: ResumeResponse(),
    "send-local-reply": _local_reply,
}


def _outcome(case: str, value: Any) -> bytes | list[Command]:
    if case == "failed":
        raise PluginFailure(value)
    try:
        if case == "commands":
            return [_COMMANDS[name](argument) for name, argument in value]
        return _bytes((case, value))
    except (ValueError, IndexError) as error:
        # Odd numbers of strings, characters over 255 in `latin1`: a plugin not written with our SDK.
        raise PluginFailure(f"the plugin's answer breaks the rules of {case}: {error}") from error


# -- What the host answers --------------------------------------------------------------------------------------------


def _get_property(host: Host, context: int, path: str) -> Payload | None:
    value = host.get_property(context, tuple(path.split("\0")))
    return None if value is None else _payload(value)


def _get_shared_data(host: Host, key: str) -> tuple[Payload, int] | None:
    found = host.get_shared_data(key)
    return None if found is None else (_payload(found[0]), found[1])


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that leaves something with the host, which may have no more room for it."""

    def answer(*args: Any) -> tuple[str, Any]:
        try:
            return "ok", function(*args)
        except LimitError as error:
            return "err", str(error)

    return answer


def _log(program: ComponentProgram, level: str, context: int, message: str) -> None:
    program.log(_LEVELS[level], context, message)


def _http_call(
    program: ComponentProgram, context: int, cluster: str, headers: str, body: Payload, timeout_ms: int
) -> tuple[str, int | str]:
    if refusal := program.refuses_callout():
        return "err", refusal
    try:
        call = program.host.http_call(context, cluster, split_fields(headers), _bytes(body), timeout_ms)
    except HttpCallError as error:
        return "err", str(error)
    program.callouts["http", call] = context
    return "ok", call


def _redis_init(host: Host, cluster: str, username: str, password: str, timeout_ms: int) -> tuple[str, str | None]:
    try:
        host.redis_init(cluster, username, password, timeout_ms)
    except RedisCallError as error:
        return "err", str(error)
    return "ok", None


def _redis_call(program: ComponentProgram, context: int, cluster: str, query: Payload) -> tuple[str, int | str]:
    if refusal := program.refuses_callout():
        return "err", refusal
    try:
        call = program.host.redis_call(context, cluster, _bytes(query))
    except RedisCallError as error:
        return "err", str(error)
    program.callouts["redis", call] = context
    return "ok", call


def _call_foreign_function(host: Host, name: str, argument: Payload) -> tuple[str, Payload | str]:
    try:
        return "ok", _payload(host.call_foreign_function(name, _bytes(argument)))
    except ForeignFunctionError as error:
        return "err", str(error)


def _no_sleep(_host: Host, _nanoseconds: int) -> NoReturn:
    raise _SleepError("the plugin sleeps, which would hold up every other stream: use a tick or a call-out instead")


class _SleepError(Exception):
    pass


_Answers: TypeAlias = dict[str, Callable[..., Any]]

_HOST: Final[_Answers] = {
    "get-property": _get_property,
    "set-property": _bounded(
        lambda host, context, path, value: host.set_property(context, tuple(path.split("\0")), _bytes(value))
    ),
    "get-shared-data": _get_shared_data,
    "set-shared-data": _bounded(lambda host, key, value, cas: host.set_shared_data(key, _bytes(value), cas)),
    "redis-init": _redis_init,
    "call-foreign-function": _call_foreign_function,
    "define-metric": _bounded(lambda host, kind, name: host.define_metric(MetricKind(kind), name)),
    "increment-metric": lambda host, metric, offset: host.increment_metric(metric, offset),
    "record-metric": lambda host, metric, value: host.record_metric(metric, value),
    "get-metric": lambda host, metric: host.get_metric(metric),
    "set-tick-period": lambda host, milliseconds: host.set_tick_period(milliseconds),
}

# What has a limit is a matter of the program.
_LIMITED: Final[_Answers] = {"log": _log, "http-call": _http_call, "redis-call": _redis_call}

# An interface is defined whole or not at all: Wasmtime does not mix ours with its own.
_LIVE: Final[dict[str, _Answers]] = {
    "wasi:clocks/monotonic-clock": {
        "now": lambda _: time.monotonic_ns(),
        "resolution": lambda _: 1,
        "subscribe-instant": _no_sleep,
        "subscribe-duration": _no_sleep,
    }
}
_REPRODUCIBLE: Final[dict[str, _Answers]] = {
    "wasi:clocks/monotonic-clock": _LIVE["wasi:clocks/monotonic-clock"] | {"now": lambda host: host.now()},
    "wasi:clocks/wall-clock": {
        "now": lambda host: divmod(host.now(), 1_000_000_000),
        "resolution": lambda _: (0, 1),
    },
    "wasi:random/random": {
        "get-random-bytes": lambda host, count: host.random_bytes(count),
        "get-random-u64": lambda host: int.from_bytes(host.random_bytes(8), "little"),
    },
}


_TRAPS: Final = {
    "wasm trap: interrupt": "a call took longer than it may",
    "wasm trap: call stack exhausted": "nested calls used up the stack",
    "too much data is being copied": "an answer is larger than the 128 MiB that Wasmtime takes",
}
"""What Wasmtime says when a limit ended a call, and what it means here."""


def _cause(error: BaseException) -> str:
    """Why the guest was left in the middle of a call."""
    if isinstance(error, WasmtimeError):
        cause = reason(error)
        return next((f"{meaning} ({cause})" for trap, meaning in _TRAPS.items() if cause.startswith(trap)), cause)
    if isinstance(error, _SleepError):
        return str(error)
    return f"a host function failed: {error!r}"


# -- The program ------------------------------------------------------------------------------------------------------


class ComponentProgram:
    """A `Program` that lives in one instance of a component. It serves one call at a time.

    Args:
        component: from `Engine.load`.
        host: answers what the plugin asks for in the middle of a call.
        limits: what the plugin may use; `stack` is a matter of the engine, `streams` of the `Runner`.
        reproducible: clock and randomness come from `host.now` and `host.random_bytes` instead of the system.

    Raises:
        ProgramLost: the instance could not be made.
    """

    def __init__(
        self, component: Component, host: Host, *, limits: Limits = DEFAULT_LIMITS, reproducible: bool = False
    ) -> None:
        self.host = host
        self.log = LogGate(host.log, limits)
        self.callouts: dict[tuple[str, int], int] = {}  # to the streams that wait for them
        self._limits = limits
        self._lost: str | None = None
        self._entry = threading.Lock()
        self._ticker = component.ticker
        self._ticker.start()
        self._armed = -1  # when the deadline was last set
        self._call_ticks = ticks(limits.call_time)
        self._store = Store(component.engine)
        self._store.set_wasi(WasiConfig())  # no files, no environment, no network, no standard streams
        self._store.set_limits(memory_size=limits.memory)
        self._store.set_epoch_deadline(ticks(limits.start_time))
        instance = self._instantiate(component, _REPRODUCIBLE if reproducible else _LIVE)
        self._memory_size = memory_size(self._store, instance, component.modules)

        functions: dict[str, Callable[..., Any]] = {}
        for name, (index, signature) in component.exports.items():
            func = instance.get_func(self._store, index)
            assert func is not None, name
            functions[name] = signature.bind(self._store, func)
        self._configure = functions["configure"]
        self._on_request_headers = functions["on-request-headers"]
        self._on_request_body = functions["on-request-body"]
        self._on_response_headers = functions["on-response-headers"]
        self._on_response_body = functions["on-response-body"]
        self._on_done = functions["on-done"]
        self._on_http_call_response = functions["on-http-call-response"]
        self._on_redis_call_response = functions["on-redis-call-response"]
        self._on_tick = functions["on-tick"]

    def _instantiate(self, component: Component, wasi: dict[str, _Answers]) -> Instance:
        # A linker for each instance costs 0.2 ms and saves every host function the search for its instance.
        linker = Linker(component.engine)
        linker.add_wasip2()
        linker.allow_shadowing = True
        # Weak, because the functions live as long as the store, which is ours: a cycle that nobody could collect.
        this = weakref.ref(self)

        def with_host(function: Callable[..., Any]) -> Callable[..., Any]:
            def answer(*args: Any) -> Any:
                program = this()
                assert program is not None, "called by a guest that runs"
                return function(program.host, *args)

            return answer

        def with_program(function: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *args: function(this(), *args)

        with linker.root() as root:
            for interface, signatures in component.imports.items():
                # WASI's version is the component's own, or Wasmtime would prefer its definition to ours.
                answers = _HOST if interface == HOST_INTERFACE else wasi.get(interface.partition("@")[0])
                if answers is None:
                    continue
                with root.add_instance(interface) as parent:
                    for name, signature in signatures.items():
                        limited = _LIMITED.get(name) if answers is _HOST else None
                        signature.define(parent, name, with_program(limited) if limited else with_host(answers[name]))
        try:
            return linker.instantiate(self._store, component.code)
        except WasmtimeError as error:
            raise ProgramLost(f"cannot be started: {_cause(error)}") from host_exception() or error

    def refuses_callout(self) -> str | None:
        """Why another call-out cannot be made now, if it cannot."""
        if len(self.callouts) < self._limits.callouts:
            return None
        return f"{len(self.callouts)} call-outs of this plugin wait for answers, more are not allowed"

    def _phase(self, function: Callable[..., Any], *args: Any) -> Outcome:
        case, value = self._call(function, *args)
        if case == "unchanged":
            return None
        outcome = _outcome(case, value)
        if too_much := excess(outcome, self._limits):
            raise PluginFailure(f"the plugin's answer has {too_much}")
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
        except Exception as error:
            self._lost = _cause(error)
            raise ProgramLost(self._lost) from error
        except BaseException as error:
            self._lost = f"interrupted by {error!r}"
            raise
        finally:
            self._entry.release()

    def close(self) -> None:
        """Give the memory of the instance back now. Every later call raises `ProgramLost`."""
        if not self._entry.acquire(blocking=False):
            raise RuntimeError("the program is in a call and cannot be closed")
        self._lost = self._lost or "closed"
        self._store.close()
        self._entry.release()

    @property
    def memory(self) -> int | None:
        """Bytes that the instance has taken, which is what it keeps; None if that cannot be told."""
        return None if self._lost is not None or self._memory_size is None else self._memory_size()

    def configure(self, config: str, log_level: LogLevel) -> None:
        call_ticks, self._call_ticks, self._armed = self._call_ticks, ticks(self._limits.start_time), -1
        try:
            case, error = self._call(self._configure, config, _LEVEL_NAMES[log_level])
        finally:
            self._call_ticks, self._armed = call_ticks, -1
        if case == "err":
            raise (PluginFailure if error.startswith("Traceback ") else ConfigError)(error)

    def on_request_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return self._phase(self._on_request_headers, context, join_fields(headers), end_of_stream)

    def on_request_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return self._phase(self._on_request_body, context, *_text(body), end_of_stream)

    def on_response_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return self._phase(self._on_response_headers, context, join_fields(headers), end_of_stream)

    def on_response_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return self._phase(self._on_response_body, context, *_text(body), end_of_stream)

    def on_done(self, context: int) -> Outcome:
        outcome = self._phase(self._on_done, context)
        if self.callouts:
            self.callouts = {call: caller for call, caller in self.callouts.items() if caller != context}
        return outcome

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        self.callouts.pop(("http", call), None)
        return self._phase(self._on_http_call_response, call, (join_fields(headers), _payload(body)))

    def on_redis_call_response(self, call: int, response: bytes | None) -> Outcome:
        self.callouts.pop(("redis", call), None)
        payload = None if response is None else _payload(response)
        return self._phase(self._on_redis_call_response, call, payload)

    def on_tick(self) -> Outcome:
        return self._phase(self._on_tick)
