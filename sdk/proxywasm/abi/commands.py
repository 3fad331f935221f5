"""What each command of a plugin means to a stream inside a gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .. import wire
from ..wire import Hold

if TYPE_CHECKING:
    from .half import Half
    from .stream import Stream

Carry: TypeAlias = "Callable[[Stream, Any, Half | None, bool], None]"


def _hold(stream: Stream, command: wire.HoldPhase, half: Half | None, _: bool) -> None:
    if half is None or (command.value is Hold.STOP_NO_BUFFER and half is not stream.response):
        stream.log(f"the plugin asked for {command}, which has no meaning in this phase")
        return
    half.hold = command.value
    if command.value is Hold.STOP_NO_BUFFER:
        stream.take()


def _read_request(stream: Stream, command: wire.ReadRequestBody, *_: object) -> None:
    stream.request.mode = command.value


def _read_response(stream: Stream, command: wire.ReadResponseBody, *_: object) -> None:
    stream.response.mode = command.value


def _inject(stream: Stream, command: wire.InjectResponseBody, half: Half | None, _: bool) -> None:
    taken = stream.take()
    taken.add(command.value)
    if half is not stream.response:
        stream.root.after_commands(taken.settle)


def _reply(stream: Stream, command: wire.SendLocalReply, half: Half | None, in_phase: bool) -> None:
    if in_phase and half is None:
        # The gateway would stop the stream whose phase is being answered instead of this one.
        stream.root.soon(lambda: stream.reply(command.value))
    else:
        stream.reply(command.value)


MEANINGS: Final[dict[type, Carry]] = {
    wire.HoldPhase: _hold,
    wire.ReadRequestBody: _read_request,
    wire.ReadResponseBody: _read_response,
    wire.LimitRequestBody: lambda stream, command, *_: stream.limit(
        stream.request, command.value, b"set_decoder_buffer_limit"
    ),
    wire.LimitResponseBody: lambda stream, command, *_: stream.limit(
        stream.response, command.value, b"set_encoder_buffer_limit"
    ),
    wire.EditRequestHeaders: lambda stream, command, *_: stream.edit(stream.request, command.value),
    wire.EditResponseHeaders: lambda stream, command, *_: stream.edit(stream.response, command.value),
    wire.ReplaceRequestBody: lambda stream, command, *_: stream.set_body(stream.request, command.value),
    wire.ReplaceResponseBody: lambda stream, command, *_: stream.set_body(stream.response, command.value),
    wire.InjectResponseBody: _inject,
    wire.ResumeRequest: lambda stream, _, half, __: stream.resume(stream.request, half),
    wire.ResumeResponse: lambda stream, _, half, __: stream.resume(stream.response, half),
    wire.SendLocalReply: _reply,
}
"""What to do with a stream, a command, the direction of the stream whose phase is being answered, and whether the phase
of any stream is being answered.

A table, because a `match` would try one class after the other, for some eight commands in each request.
"""
