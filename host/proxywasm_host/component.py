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
    Hold,
    HoldPhase,
    Host,
    HttpCallError,
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
    ReplaceRequestBody,
    ReplaceResponseBody,
    ResumeRequest,
    ResumeResponse,
    SendLocalReply,
    join_fields,
    split_edits,
    split_fields,
)
from proxywasm_host.engine import HOST_INTERFACE, Component, reason
from proxywasm_host.functions import Misfit, host_exception

Payload: TypeAlias = tuple[str, str]
"""The WIT type `payload`: the case and its string."""

_LEVELS: Final = {level.name.lower(): level for level in LogLevel}
_LEVEL_NAMES: Final = {level: name for name, level in _LEVELS.items()}


# -- What the plugin asks for -----------------------------------------------------------------------------------------


def _payload(data: bytes) -> Payload:
    try:
        return "utf8", data.decode()
    except UnicodeDecodeError:
        return "latin1", data.decode("latin-1")


def _bytes(payload: Payload) -> bytes:
    case, text = payload
    return text.encode() if case == "utf8" else text.encode("latin-1")


def _local_reply(fields: tuple[int, str, Payload, str]) -> SendLocalReply:
    status, headers, body, details = fields
    return SendLocalReply(LocalReply(status, split_fields(headers), _bytes(body), details))


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
    "resume-request": lambda _: ResumeRequest(),
    "resume-response": lambda _: ResumeResponse(),
    "send-local-reply": _local_reply,
}


def _outcome(outcome: tuple[str, Any]) -> Outcome:
    case, value = outcome
    if case == "unchanged":
        return None
    if case == "failed":
        raise PluginFailure(value)
    try:
        if case == "commands":
            return [_COMMANDS[name](argument) for name, argument in value]
        return _bytes(outcome)
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


def _http_call(
    host: Host, context: int, cluster: str, headers: str, body: Payload, timeout_ms: int
) -> tuple[str, int | str]:
    try:
        return "ok", host.http_call(context, cluster, split_fields(headers), _bytes(body), timeout_ms)
    except HttpCallError as error:
        return "err", str(error)


def _no_sleep(_host: Host, _nanoseconds: int) -> NoReturn:
    raise _SleepError("the plugin sleeps, which would hold up every other stream: use a tick or a call-out instead")


class _SleepError(Exception):
    pass


_Answers: TypeAlias = dict[str, Callable[..., Any]]

_HOST: Final[_Answers] = {
    "log": lambda host, level, context, message: host.log(_LEVELS[level], context, message),
    "get-property": _get_property,
    "set-property": lambda host, context, path, value: host.set_property(
        context, tuple(path.split("\0")), _bytes(value)
    ),
    "get-shared-data": _get_shared_data,
    "set-shared-data": lambda host, key, value, cas: host.set_shared_data(key, _bytes(value), cas),
    "http-call": _http_call,
    "define-metric": lambda host, kind, name: host.define_metric(MetricKind(kind), name),
    "increment-metric": lambda host, metric, offset: host.increment_metric(metric, offset),
    "record-metric": lambda host, metric, value: host.record_metric(metric, value),
    "get-metric": lambda host, metric: host.get_metric(metric),
    "set-tick-period": lambda host, milliseconds: host.set_tick_period(milliseconds),
}

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


def _cause(error: Exception) -> str:
    """Why the guest was left in the middle of a call."""
    if isinstance(error, WasmtimeError):
        return reason(error)
    if isinstance(error, _SleepError):
        return str(error)
    return f"a host function failed: {error!r}"


# -- The program ------------------------------------------------------------------------------------------------------


class ComponentProgram:
    """A `Program` that lives in one instance of a component. It serves one call at a time.

    Args:
        component: from `Engine.load`.
        host: answers what the plugin asks for in the middle of a call.
        reproducible: clock and randomness come from `host.now` and `host.random_bytes` instead of the system.

    Raises:
        ProgramLost: the instance could not be made.
    """

    def __init__(self, component: Component, host: Host, *, reproducible: bool = False) -> None:
        self._host = host
        self._lost: str | None = None
        self._entry = threading.Lock()
        self._store = Store(component.engine)
        self._store.set_wasi(WasiConfig())  # no files, no environment, no network, no standard streams
        instance = self._instantiate(component, _REPRODUCIBLE if reproducible else _LIVE)

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
                return function(program._host, *args)

            return answer

        with linker.root() as root:
            for interface, signatures in component.imports.items():
                # WASI's version is the component's own, or Wasmtime would prefer its definition to ours.
                answers = _HOST if interface == HOST_INTERFACE else wasi.get(interface.partition("@")[0])
                if answers is None:
                    continue
                with root.add_instance(interface) as parent:
                    for name, signature in signatures.items():
                        signature.define(parent, name, with_host(answers[name]))
        try:
            return linker.instantiate(self._store, component.code)
        except WasmtimeError as error:
            raise ProgramLost(f"cannot be started: {reason(error)}") from host_exception() or error

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        if self._lost is not None:
            raise ProgramLost(self._lost)
        if not self._entry.acquire(blocking=False):
            raise RuntimeError("the program is in a call: it serves one at a time, and none from a host function")
        try:
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

    def configure(self, config: str, log_level: LogLevel) -> None:
        case, error = self._call(self._configure, config, _LEVEL_NAMES[log_level])
        if case == "err":
            raise (PluginFailure if error.startswith("Traceback ") else ConfigError)(error)

    def on_request_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return _outcome(self._call(self._on_request_headers, context, join_fields(headers), end_of_stream))

    def on_request_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return _outcome(self._call(self._on_request_body, context, _payload(body), end_of_stream))

    def on_response_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return _outcome(self._call(self._on_response_headers, context, join_fields(headers), end_of_stream))

    def on_response_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return _outcome(self._call(self._on_response_body, context, _payload(body), end_of_stream))

    def on_done(self, context: int) -> Outcome:
        return _outcome(self._call(self._on_done, context))

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        return _outcome(self._call(self._on_http_call_response, call, (join_fields(headers), _payload(body))))

    def on_tick(self) -> Outcome:
        return _outcome(self._call(self._on_tick))
