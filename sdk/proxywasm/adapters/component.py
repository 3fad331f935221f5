"""Entry point of a component of world `http-plugin`.

`componentize-py` compiles this module; it is the only one that imports the generated bindings of this world. The build
writes the module `proxywasm_plugin`, which holds the author's plugin.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final

import proxywasm.adapters.guard  # noqa: F401  # before the plugin is loaded

# isort: split
import wit_world
from componentize_py_types import Err
from proxywasm_plugin import plugin
from wit_world.imports import host, types

from proxywasm import wire
from proxywasm.adapters.instance import begin, settle
from proxywasm.checks import MAX_U32, number
from proxywasm.core.dispatcher import Dispatcher
from proxywasm.core.trailers import Trailers
from proxywasm.headers import Headers
from proxywasm.wire import Fields, LogLevel, MetricKind, as_unicode, join_fields, split_fields, with_bytes

_LEVELS = {
    LogLevel.TRACE: types.LogLevel.TRACE,
    LogLevel.DEBUG: types.LogLevel.DEBUG,
    LogLevel.INFO: types.LogLevel.INFO,
    LogLevel.WARN: types.LogLevel.WARN,
    LogLevel.ERROR: types.LogLevel.ERROR,
    LogLevel.CRITICAL: types.LogLevel.CRITICAL,
}
_LEVELS_BACK = {there: here for here, there in _LEVELS.items()}


_MAX_U16: Final = 2**16 - 1
_LARGE: Final = 1024 * 1024
_MOST: Final = 127 * 1024 * 1024
"""Most bytes of a body in UTF-8. Wasmtime ends an instance that answers with 128 MiB."""
_NO_ASCII: Final = bytes(range(0x80, 0x100))
_FOUR_BYTES: Final = tuple(bytes([first]) for first in range(0xF0, 0xF5))
"""First bytes of characters with four bytes in UTF-8, such as emojis. With one of them, Python stores every character
of a text in four bytes."""


def _as_text(data: bytes) -> tuple[str, bool]:
    """The string for a body, and whether it has one character for each byte: for bodies that are not UTF-8, or would
    take much memory as text. Raises `LimitError` for bodies that are too large to cross."""
    if len(data) < _LARGE or not _takes_less_as_bytes(data):
        try:
            text = data.decode()
        except UnicodeDecodeError:
            pass
        else:
            _check_crosses(len(data))
            return text, False
    if len(data) > _MOST // 2:
        _check_crosses(2 * len(data) - len(data.translate(None, _NO_ASCII)))
    return data.decode("latin-1"), True


def _check_crosses(size: int) -> None:
    if size > _MOST:
        raise wire.LimitError(f"a body of {size} bytes, as they cross to the host, is more than {_MOST}")


def _takes_less_as_bytes(data: bytes) -> bool:
    """Whether one character per byte takes less memory. Bytes that are not ASCII take two on the way."""
    return any(first in data for first in _FOUR_BYTES) and 2 * len(data.translate(None, _NO_ASCII)) > len(data)


def _payload(data: bytes) -> Any:
    text, latin1 = _as_text(data)
    return types.Payload_Latin1(text) if latin1 else types.Payload_Utf8(text)


def _bytes(payload: Any) -> bytes:
    text: str = payload.value
    return text.encode("latin-1" if isinstance(payload, types.Payload_Latin1) else "utf-8")


class _ComponentHost:
    """`wire.Host` over the imports of the interface `host`. Clock and randomness come from WASI, by the standard
    library."""

    def log(self, level: LogLevel, context: int, message: str) -> None:
        host.log(_LEVELS[level], context, message)

    def now(self) -> int:
        return time.time_ns()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        value = host.get_property(context, "\0".join(path))
        return None if value is None else _bytes(value)

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        try:
            host.set_property(context, "\0".join(path), _payload(value))
        except Err as error:
            raise wire.LimitError(error.value) from None

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        entry = host.get_shared_data(key)
        return None if entry is None else (_bytes(entry.value), entry.cas)

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        try:
            return bool(host.set_shared_data(key, _payload(value), cas))
        except Err as error:
            raise wire.LimitError(error.value) from None

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        try:
            return int(host.http_call(context, cluster, as_unicode(join_fields(headers)), _payload(body), timeout_ms))
        except Err as error:
            raise wire.HttpCallError(error.value) from None
        except wire.LimitError as error:
            raise wire.HttpCallError(str(error)) from None

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        try:
            host.redis_init(cluster, username, password, timeout_ms)
        except Err as error:
            raise wire.RedisCallError(error.value) from None

    def redis_call(self, context: int, cluster: str, query: bytes) -> int:
        try:
            return int(host.redis_call(context, cluster, _payload(query)))
        except Err as error:
            raise wire.RedisCallError(error.value) from None
        except wire.LimitError as error:
            raise wire.RedisCallError(str(error)) from None

    def call_foreign_function(self, name: str, argument: bytes) -> bytes:
        try:
            return _bytes(host.call_foreign_function(name, _payload(argument)))
        except Err as error:
            raise wire.ForeignFunctionError(error.value) from None

    def define_metric(self, kind: MetricKind, name: str) -> int:
        try:
            return int(host.define_metric(types.MetricKind[kind.name], name))
        except Err as error:
            raise wire.LimitError(error.value) from None

    def increment_metric(self, metric: int, offset: int) -> None:
        host.increment_metric(metric, offset)

    def record_metric(self, metric: int, value: int) -> None:
        host.record_metric(metric, value)

    def get_metric(self, metric: int) -> int:
        return int(host.get_metric(metric))

    def set_tick_period(self, milliseconds: int) -> None:
        host.set_tick_period(milliseconds)


_HOLDS = {
    wire.Hold.STOP_ITERATION: types.Hold.STOP_ITERATION,
    wire.Hold.PAUSE: types.Hold.PAUSE,
    wire.Hold.STOP_NO_BUFFER: types.Hold.STOP_NO_BUFFER,
}
_MODES = {
    wire.BodyMode.SKIP: types.BodyMode.SKIP,
    wire.BodyMode.STREAM: types.BodyMode.STREAM,
    wire.BodyMode.BUFFER: types.BodyMode.BUFFER,
}


# Numbers are checked here again, because one that does not fit would trap instead of raising.


def _reading(command: wire.ReadRequestBody | wire.ReadResponseBody) -> Any:
    limit = command.limit
    if limit is not None:
        limit = number(limit, "the limit of a body", 0, MAX_U32)
    return types.BodyReading(_MODES[command.mode], limit)


def _reply(reply: wire.LocalReply) -> Any:
    status = number(reply.status, "the status of a reply", 0, _MAX_U16)
    return types.LocalReply(status, as_unicode(join_fields(reply.headers)), _payload(reply.body), reply.details)


def _injection(injection: wire.Injection) -> Any:
    return types.Injection(_payload(injection.body), injection.end_of_stream)


_COMMANDS: dict[type, Callable[[Any], Any]] = {
    wire.EffectiveContext: lambda command: types.Command_EffectiveContext(
        number(command.value, "the number of a stream", 0, MAX_U32)
    ),
    wire.HoldPhase: lambda command: types.Command_Hold(_HOLDS[command.value]),
    wire.ReadRequestBody: lambda command: types.Command_ReadRequestBody(_reading(command)),
    wire.ReadResponseBody: lambda command: types.Command_ReadResponseBody(_reading(command)),
    wire.EditRequestHeaders: lambda command: types.Command_EditRequestHeaders(as_unicode("\0".join(command.value))),
    wire.EditResponseHeaders: lambda command: types.Command_EditResponseHeaders(as_unicode("\0".join(command.value))),
    wire.ReplaceRequestBody: lambda command: types.Command_ReplaceRequestBody(_payload(command.value)),
    wire.ReplaceResponseBody: lambda command: types.Command_ReplaceResponseBody(_payload(command.value)),
    wire.InjectResponseBody: lambda command: types.Command_InjectResponseBody(_injection(command.value)),
    wire.ResumeRequest: lambda _: types.Command_ResumeRequest(),
    wire.ResumeResponse: lambda _: types.Command_ResumeResponse(),
    wire.SendLocalReply: lambda command: types.Command_SendLocalReply(_reply(command.value)),
    wire.FailStream: lambda command: types.Command_Fail(command.value),
    wire.ReadRequestTrailers: lambda _: types.Command_ReadRequestTrailers(),
    wire.ReadResponseTrailers: lambda _: types.Command_ReadResponseTrailers(),
    wire.EditRequestTrailers: lambda command: types.Command_EditRequestTrailers(as_unicode("\0".join(command.value))),
    wire.EditResponseTrailers: lambda command: types.Command_EditResponseTrailers(as_unicode("\0".join(command.value))),
}
"""For each command, the generated class of its case."""


_UNCHANGED = types.Outcome_Unchanged()
# One object for all answers of a kind: it is read as soon as it is returned, and making one takes as long as the rest
# of `_outcome`.
_BODY = types.Outcome_Utf8("")
_COMMANDS_ASKED = types.Outcome_Commands([])
_ALONE: dict[type, Any] = {
    wire.EditRequestHeaders: types.Outcome_EditRequestHeaders(""),
    wire.EditResponseHeaders: types.Outcome_EditResponseHeaders(""),
}
"""For commands that are a whole answer without a list."""


def _outcome(outcome: wire.Outcome) -> Any:
    if outcome is None:
        return _UNCHANGED
    try:
        if isinstance(outcome, bytes):
            if len(outcome) < _LARGE:
                try:
                    _BODY.value = outcome.decode()
                except UnicodeDecodeError:
                    return types.Outcome_Latin1(outcome.decode("latin-1"))
                return _BODY
            text, latin1 = _as_text(outcome)
            return types.Outcome_Latin1(text) if latin1 else types.Outcome_Utf8(text)
        if len(outcome) == 1:
            edits: Any = outcome[0]
            if (alone := _ALONE.get(type(edits))) is not None:
                alone.value = as_unicode("\0".join(edits.value))
                return alone
        commands = [_COMMANDS[type(command)](command) for command in outcome]
    except wire.LimitError as error:
        raise wire.PluginFailure(f"the plugin's answer cannot be sent: {error}") from None
    _COMMANDS_ASKED.value = commands
    return _COMMANDS_ASKED


def _failed(error: BaseException) -> Any:
    """Nearly always the dispatcher has said what the plugin did.

    The rest is what a plugin can make of the SDK's objects, for example a command that is none.
    """
    return types.Outcome_Failed(str(error) if type(error) is wire.PluginFailure else _dispatcher.traceback(error))


def _forget_answer() -> None:
    """Free the latest answer, which may be as large as the next arguments."""
    _BODY.value = ""
    _COMMANDS_ASKED.value = []


_dispatcher = Dispatcher(plugin, _ComponentHost())
_request_headers, _request_body = _dispatcher.on_request_headers, _dispatcher.on_request_body
_response_headers, _response_body = _dispatcher.on_response_headers, _dispatcher.on_response_body


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # generated at build, unknown to the type checker
    """The exports of the world; each is one event of the dispatcher. Nothing may be raised here: it would trap."""

    def configure(self, config: str, log_level: Any) -> None:
        begin(_dispatcher)
        try:
            _dispatcher.configure(config, _LEVELS_BACK[log_level])
        except wire.ConfigError as error:
            raise Err(types.StartError_Refused(str(error))) from None
        except wire.PluginFailure as error:
            raise Err(types.StartError_Failed(str(error))) from None
        except BaseException as error:
            raise Err(types.StartError_Failed(_dispatcher.traceback(error))) from None

    def on_request_headers(self, context: int, headers: str, end_of_stream: bool) -> Any:
        try:
            if headers[:1] == "\0":
                headers = with_bytes(headers)
            return _outcome(_request_headers(context, Headers(headers), end_of_stream))
        except BaseException as error:
            return _failed(error)

    def on_request_body(self, context: int, body: str, latin1: bool, end_of_stream: bool) -> Any:
        if len(body) > _LARGE:
            _forget_answer()
        try:
            return _outcome(_request_body(context, body.encode("latin-1" if latin1 else "utf-8"), end_of_stream))
        except BaseException as error:
            return _failed(error)

    def on_request_trailers(self, context: int, trailers: str) -> Any:
        try:
            return _outcome(_dispatcher.on_request_trailers(context, Trailers(with_bytes(trailers))))
        except BaseException as error:
            return _failed(error)

    def on_response_headers(self, context: int, headers: str, end_of_stream: bool) -> Any:
        try:
            if headers[:1] == "\0":
                headers = with_bytes(headers)
            return _outcome(_response_headers(context, Headers(headers), end_of_stream))
        except BaseException as error:
            return _failed(error)

    def on_response_body(self, context: int, body: str, latin1: bool, end_of_stream: bool) -> Any:
        if len(body) > _LARGE:
            _forget_answer()
        try:
            outcome = _response_body(context, body.encode("latin-1" if latin1 else "utf-8"), end_of_stream)
            return _UNCHANGED if outcome is None else _outcome(outcome)
        except BaseException as error:
            return _failed(error)

    def on_response_trailers(self, context: int, trailers: str) -> Any:
        try:
            return _outcome(_dispatcher.on_response_trailers(context, Trailers(with_bytes(trailers))))
        except BaseException as error:
            return _failed(error)

    def on_done(self, context: int) -> Any:
        try:
            return _outcome(_dispatcher.on_done(context))
        except BaseException as error:
            return _failed(error)

    def on_http_call_response(self, call: int, response: Any) -> Any:
        _forget_answer()
        try:
            fields = split_fields(with_bytes(response.headers))
            return _outcome(_dispatcher.on_http_call_response(call, fields, _bytes(response.body)))
        except BaseException as error:
            return _failed(error)

    def on_redis_call_response(self, call: int, response: Any) -> Any:
        try:
            return _outcome(_dispatcher.on_redis_call_response(call, None if response is None else _bytes(response)))
        except BaseException as error:
            return _failed(error)

    def on_tick(self) -> Any:
        try:
            return _outcome(_dispatcher.on_tick())
        except BaseException as error:
            return _failed(error)


settle()
