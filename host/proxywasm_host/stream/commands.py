"""Carry out a plugin's commands for one stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from proxywasm import wire
from proxywasm.wire import Hold

from .half import Half
from .states import Part
from .stream import Stream

_OVER: Final = Part.OVER  # Looked up once: reading an enum member is slow.


def carry_out(stream: Stream, command: wire.Command, half: Half | None) -> None:
    """`half` is the direction whose phase is being answered, None where no phase of this stream is."""
    action = _COMMANDS.get(type(command))
    if action is None or stream.part is _OVER:
        _meaningless(stream, command)
    else:
        action(stream, half, command)


def _hold(stream: Stream, half: Half | None, command: wire.HoldPhase) -> None:
    if half is None:
        _meaningless(stream, command)
    elif command.value is not Hold.STOP_NO_BUFFER:
        half.hold = command.value
        half.paused_since = stream.services.now()
    elif half is stream.response and half.body is not None:
        half.take()
        half.paused_since = stream.services.now()
    else:
        _meaningless(stream, command)


def _meaningless(stream: Stream, command: wire.Command) -> None:
    # Without its value, which may be a body.
    stream.log(f"the plugin asked for {type(command).__name__}, which has no meaning in this phase")


def _read_trailers(half: Half) -> None:
    half.reads_trailers = True


def _edit(stream: Stream, half: Half, edits: wire.FieldEdits) -> None:
    if reason := half.edit(edits):
        stream.log(f"{half.name} headers were changed in vain: {reason}")
    elif refusal := half.fields_refusal(stream.limits):
        stream.fail(f"the plugin gave the {half.name} {refusal}")


def _edit_trailers(stream: Stream, half: Half, edits: wire.FieldEdits) -> None:
    if reason := half.edit_trailers(edits):
        stream.log(f"{half.name} trailers were changed in vain: {reason}")
    elif refusal := half.trailers_refusal(stream.limits):
        stream.fail(f"the plugin gave the trailers of the {half.name} {refusal}")


def _send_again(stream: Stream, _: Half | None, command: wire.SendAgain) -> None:
    if reason := stream.why_not_again():
        stream.log(f"a request was sent again in vain: {reason}")
    elif missing := _NEEDED.difference([name for name, _ in command.value.headers]):
        stream.fail(f"the plugin has sent a request without {min(missing)}")
    elif stream.attempts + 1 >= stream.limits.attempts:
        stream.fail(f"the plugin has sent {stream.limits.attempts} requests in one stream, more are not allowed")
    else:
        stream.send_again(command.value)


def _limit_first_byte(stream: Stream, command: wire.LimitFirstByte) -> None:
    stream.first_byte_ms = command.value


def _replace(stream: Stream, half: Half, body: bytes) -> None:
    if half.body is None:
        stream.log(f"a {half.name} body was given in vain: none is in hand in this phase")
        return
    half.put(body)


_NEEDED: Final = frozenset({":method", ":path", ":authority"})

_Action: TypeAlias = "Callable[[Stream, Half | None, Any], None]"

_COMMANDS: Final[dict[type, _Action]] = {
    wire.HoldPhase: _hold,
    wire.ReadRequestBody: lambda stream, _, command: stream.request.read(command.mode, command.limit),
    wire.ReadResponseBody: lambda stream, _, command: stream.response.read(command.mode, command.limit),
    wire.ReadRequestTrailers: lambda stream, *_: _read_trailers(stream.request),
    wire.ReadResponseTrailers: lambda stream, *_: _read_trailers(stream.response),
    wire.EditRequestHeaders: lambda stream, _, command: _edit(stream, stream.request, command.value),
    wire.EditResponseHeaders: lambda stream, _, command: _edit(stream, stream.response, command.value),
    wire.EditRequestTrailers: lambda stream, _, command: _edit_trailers(stream, stream.request, command.value),
    wire.EditResponseTrailers: lambda stream, _, command: _edit_trailers(stream, stream.response, command.value),
    wire.ReplaceRequestBody: lambda stream, _, command: _replace(stream, stream.request, command.value),
    wire.ReplaceResponseBody: lambda stream, _, command: _replace(stream, stream.response, command.value),
    wire.InjectResponseBody: lambda stream, _, command: stream.inject(command.value),
    wire.ResumeRequest: lambda stream, *_: stream.resume(stream.request),
    wire.ResumeResponse: lambda stream, *_: stream.resume(stream.response),
    wire.SendLocalReply: lambda stream, _, command: stream.reply(command.value),
    wire.SendAgain: _send_again,
    wire.LimitFirstByte: lambda stream, _, command: _limit_first_byte(stream, command),
    wire.Leave: lambda stream, half, command: stream.let_plugin_go(half, until_end=command.value),
    wire.FailStream: lambda stream, _, command: stream.fail(command.value),
}
"""By the class of the command; `EffectiveContext` is the runner's."""
