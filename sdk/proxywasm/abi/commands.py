"""Carry out a plugin's commands for a stream inside a gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .. import checks, wire
from ..wire import Hold
from .half import Half
from .stream import Stream

Carry: TypeAlias = Callable[[Stream[Any], Any, Half | None, bool], None]


_STOP_NO_BUFFER = Hold.STOP_NO_BUFFER  # Looked up once: reading an enum member is slow.


def _hold(stream: Stream[Any], command: wire.HoldPhase, half: Half | None, _: bool) -> None:
    taken = command.value is _STOP_NO_BUFFER
    if half is None or (taken and half is not stream.response):
        stream.log(f"the plugin asked for {type(command).__name__}, which has no meaning in this phase")
        return
    half.hold = command.value
    if taken:
        stream.take()


def _read_request(stream: Stream[Any], command: wire.ReadRequestBody, _: Half | None, __: bool) -> None:
    half = stream.request
    half.read(command.mode, command.limit)
    if command.limit is not None and stream.root.gateway.redis:
        stream.raise_limit(b"set_decoder_buffer_limit", command.limit)


def _read_response(stream: Stream[Any], command: wire.ReadResponseBody, _: Half | None, __: bool) -> None:
    half = stream.response
    half.read(command.mode, command.limit)
    if command.limit is not None and stream.root.gateway.redis:
        stream.raise_limit(b"set_encoder_buffer_limit", command.limit)


def _read_trailers(*_: object) -> None:
    """The gateway calls for trailers in any case; whether the plugin reads them is known from its callbacks."""


def _edit_request(stream: Stream[Any], command: wire.EditRequestHeaders, _: Half | None, __: bool) -> None:
    stream.edit(stream.request, command.value)


def _edit_response(stream: Stream[Any], command: wire.EditResponseHeaders, _: Half | None, __: bool) -> None:
    stream.edit(stream.response, command.value)


def _edit_request_trailers(stream: Stream[Any], command: wire.EditRequestTrailers, _: Half | None, __: bool) -> None:
    stream.edit_trailers(stream.request, command.value)


def _edit_response_trailers(stream: Stream[Any], command: wire.EditResponseTrailers, _: Half | None, __: bool) -> None:
    stream.edit_trailers(stream.response, command.value)


def _replace_request(stream: Stream[Any], command: wire.ReplaceRequestBody, _: Half | None, __: bool) -> None:
    stream.set_body(stream.request, command.value)


def _replace_response(stream: Stream[Any], command: wire.ReplaceResponseBody, _: Half | None, __: bool) -> None:
    stream.set_body(stream.response, command.value)


def _resume_request(stream: Stream[Any], _: wire.ResumeRequest, half: Half | None, __: bool) -> None:
    stream.resume(stream.request, half)


def _resume_response(stream: Stream[Any], _: wire.ResumeResponse, half: Half | None, __: bool) -> None:
    stream.resume(stream.response, half)


def _inject(stream: Stream[Any], command: wire.InjectResponseBody, half: Half | None, _: bool) -> None:
    taken = stream.take()
    taken.add(command.value)
    if half is not stream.response:
        stream.root.after_commands(taken.settle)


def _reply(stream: Stream[Any], command: wire.SendLocalReply, half: Half | None, in_phase: bool) -> None:
    if in_phase and half is None:
        # The gateway would stop the stream whose phase is being answered instead of this one.
        stream.root.soon(lambda: stream.reply(command.value))
    else:
        stream.reply(command.value)


def _send_again(stream: Stream[Any], command: wire.SendAgain, half: Half | None, in_phase: bool) -> None:
    stream.send_again(command.value, half, in_phase=in_phase)


def _limit_first_byte(stream: Stream[Any], command: wire.LimitFirstByte, _: Half | None, __: bool) -> None:
    stream.limit_first_byte(checks.number(command.value, "the time to the first byte", 1, checks.MAX_U32))


def _leave(stream: Stream[Any], _: wire.Leave, half: Half | None, __: bool) -> None:
    stream.leave(half)


def _fail(stream: Stream[Any], command: wire.FailStream, half: Half | None, in_phase: bool) -> None:
    if in_phase and half is None:
        stream.root.soon(lambda: stream.fail(command.value))  # It may have to be answered; see `_reply`.
    else:
        stream.fail(command.value, half)


MEANINGS: Final[dict[type, Carry | None]] = {
    wire.EffectiveContext: None,
    wire.HoldPhase: _hold,
    wire.ReadRequestBody: _read_request,
    wire.ReadResponseBody: _read_response,
    wire.ReadRequestTrailers: _read_trailers,
    wire.ReadResponseTrailers: _read_trailers,
    wire.EditRequestHeaders: _edit_request,
    wire.EditResponseHeaders: _edit_response,
    wire.EditRequestTrailers: _edit_request_trailers,
    wire.EditResponseTrailers: _edit_response_trailers,
    wire.ReplaceRequestBody: _replace_request,
    wire.ReplaceResponseBody: _replace_response,
    wire.InjectResponseBody: _inject,
    wire.ResumeRequest: _resume_request,
    wire.ResumeResponse: _resume_response,
    wire.SendLocalReply: _reply,
    wire.SendAgain: _send_again,
    wire.LimitFirstByte: _limit_first_byte,
    wire.Leave: _leave,
    wire.FailStream: _fail,
}
"""What to do with a stream, a command, the direction of the stream whose phase is being answered, and whether the phase
of any stream is being answered. None: it says which stream is meant.

A table, because a `match` would try one class after the other, for some eight commands in each request.
"""
