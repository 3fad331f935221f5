"""Entry point of a component of world `http-plugin`.

`componentize-py` compiles this module. It and `component_host` are the only ones that import the generated bindings of
this world. The build writes the module `proxywasm_plugin`, which holds the author's plugin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import proxywasm.adapters.guard  # noqa: F401  # before the plugin is loaded

# isort: split
import wit_world
from componentize_py_types import Err
from proxywasm_plugin import PLUGINS, plugin
from wit_world.imports import types

from proxywasm import wire
from proxywasm.adapters.body_text import LARGE, as_text
from proxywasm.adapters.component_host import LEVELS, ComponentHost, from_payload, to_payload
from proxywasm.adapters.instance import begin, settle
from proxywasm.checks import MAX_U32, number
from proxywasm.core.dispatcher import Dispatcher
from proxywasm.core.trailers import Trailers
from proxywasm.field_text import as_unicode, join_fields, split_fields, with_bytes
from proxywasm.headers import Headers

_MAX_U16: Final = 2**16 - 1

_HOLDS = {
    wire.Hold.STOP_ITERATION: types.Hold.STOP_ITERATION,
    wire.Hold.PAUSE: types.Hold.PAUSE,
    wire.Hold.STOP_NO_BUFFER: types.Hold.STOP_NO_BUFFER,
}
_MODES = {
    wire.BodyMode.SKIP: types.BodyMode.SKIP,
    wire.BodyMode.STREAM: types.BodyMode.STREAM,
    wire.BodyMode.BUFFER: types.BodyMode.BUFFER,
    wire.BodyMode.OBSERVE: types.BodyMode.OBSERVE,
}


# Numbers are checked here again, because one that does not fit would trap instead of raising.


def _reading(command: wire.ReadRequestBody | wire.ReadResponseBody) -> Any:
    limit = command.limit
    if limit is not None:
        limit = number(limit, "the limit of a body", 0, MAX_U32)
    return types.BodyReading(_MODES[command.mode], limit)


def _reply(reply: wire.LocalReply) -> Any:
    status = number(reply.status, "the status of a reply", 0, _MAX_U16)
    return types.LocalReply(status, as_unicode(join_fields(reply.headers)), to_payload(reply.body), reply.details)


def _injection(injection: wire.Injection) -> Any:
    return types.Injection(to_payload(injection.body), injection.end_of_stream)


def _new_request(request: wire.NewRequest) -> Any:
    timeout = request.first_byte_timeout_ms
    if timeout is not None:
        timeout = number(timeout, "first_byte_timeout_ms", 0, MAX_U32)
    return types.NewRequest(as_unicode(join_fields(request.headers)), to_payload(request.body), timeout)


_COMMANDS: dict[type, Callable[[Any], Any]] = {
    wire.EffectiveContext: lambda command: types.Command_EffectiveContext(
        number(command.value, "the number of a stream", 0, MAX_U32)
    ),
    wire.HoldPhase: lambda command: types.Command_Hold(_HOLDS[command.value]),
    wire.ReadRequestBody: lambda command: types.Command_ReadRequestBody(_reading(command)),
    wire.ReadResponseBody: lambda command: types.Command_ReadResponseBody(_reading(command)),
    wire.EditRequestHeaders: lambda command: types.Command_EditRequestHeaders(as_unicode("\0".join(command.value))),
    wire.EditResponseHeaders: lambda command: types.Command_EditResponseHeaders(as_unicode("\0".join(command.value))),
    wire.ReplaceRequestBody: lambda command: types.Command_ReplaceRequestBody(to_payload(command.value)),
    wire.ReplaceResponseBody: lambda command: types.Command_ReplaceResponseBody(to_payload(command.value)),
    wire.InjectResponseBody: lambda command: types.Command_InjectResponseBody(_injection(command.value)),
    wire.ResumeRequest: lambda _: types.Command_ResumeRequest(),
    wire.ResumeResponse: lambda _: types.Command_ResumeResponse(),
    wire.SendLocalReply: lambda command: types.Command_SendLocalReply(_reply(command.value)),
    wire.FailStream: lambda command: types.Command_Fail(command.value),
    wire.ReadRequestTrailers: lambda _: types.Command_ReadRequestTrailers(),
    wire.ReadResponseTrailers: lambda _: types.Command_ReadResponseTrailers(),
    wire.EditRequestTrailers: lambda command: types.Command_EditRequestTrailers(as_unicode("\0".join(command.value))),
    wire.EditResponseTrailers: lambda command: types.Command_EditResponseTrailers(as_unicode("\0".join(command.value))),
    wire.SendAgain: lambda command: types.Command_SendAgain(_new_request(command.value)),
    wire.LimitFirstByte: lambda command: types.Command_LimitFirstByte(
        number(command.value, "the time to the first byte", 0, MAX_U32)
    ),
    wire.Leave: lambda command: types.Command_Leave(command.value is True),
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
            if len(outcome) < LARGE:
                try:
                    _BODY.value = outcome.decode()
                except UnicodeDecodeError:
                    return types.Outcome_Latin1(outcome.decode("latin-1"))
                return _BODY
            text, latin1 = as_text(outcome)
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
    """The error for an exception. Nearly always the dispatcher has made its message.

    Other exceptions come from objects of the SDK that a plugin has misused, for example an invalid command.
    """
    return types.Outcome_Failed(str(error) if type(error) is wire.PluginFailure else _dispatcher.traceback(error))


def _forget_answer() -> None:
    """Free the latest answer, which may be as large as the next arguments."""
    _BODY.value = ""
    _COMMANDS_ASKED.value = []


_dispatcher = Dispatcher(plugin, ComponentHost())
_request_headers, _request_body = _dispatcher.on_request_headers, _dispatcher.on_request_body
_response_headers, _response_body = _dispatcher.on_response_headers, _dispatcher.on_response_body


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # generated at build, unknown to the type checker
    """The exports of the world; each is one event of the dispatcher. Nothing may be raised here: it would trap."""

    def configure(self, config: str, log_level: Any) -> None:
        if config[:1] == "\0":
            name, _, config = config[1:].partition("\0")
            _dispatcher.become(PLUGINS[name])
        begin(_dispatcher)
        try:
            _dispatcher.configure(config, LEVELS[log_level])
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
        if len(body) > LARGE:
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
        if len(body) > LARGE:
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
            return _outcome(_dispatcher.on_http_call_response(call, fields, from_payload(response.body)))
        except BaseException as error:
            return _failed(error)

    def on_redis_call_response(self, call: int, response: Any) -> Any:
        try:
            return _outcome(
                _dispatcher.on_redis_call_response(call, None if response is None else from_payload(response))
            )
        except BaseException as error:
            return _failed(error)

    def on_tick(self) -> Any:
        try:
            return _outcome(_dispatcher.on_tick())
        except BaseException as error:
            return _failed(error)


settle()
