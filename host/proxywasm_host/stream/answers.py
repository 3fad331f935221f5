"""Answers that do not come from the upstream: local replies of the plugin, and what a failure ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxywasm.replies import too_large
from proxywasm.wire import LocalReply, LogLevel

from .events import CloseUpstream, Reset
from .half import Half

if TYPE_CHECKING:
    from .stream import Stream


def reply(stream: Stream, reply: LocalReply) -> None:
    """Made in a request phase it travels back through the response phases, like any other response."""
    if stream.request.dropped:
        stream.log(f"a second local reply ({reply.status}) was given in vain")
        return
    if stream.response.fields is not None:
        reply_now(stream, reply)
        return
    stream.local_reply = reply
    drop_request(stream)
    stream.begin_response(_fields(reply), not reply.body, reply.details)
    if reply.body:
        stream.body(stream.response, reply.body, True)


def reply_now(stream: Stream, reply: LocalReply) -> None:
    """Answer without asking the plugin any more; too late for that once response headers have been sent."""
    stream.local_reply = reply
    stream.final = True
    drop_request(stream)
    if stream.response.sent:
        stream.response.end()
        stream.events.append(Reset(reply.details or "local reply after the response headers"))
    else:
        stream.response.replace(_fields(reply), reply.body)
        stream.response.flush(stream.events)


def refuse_size(stream: Stream, half: Half) -> None:
    """More of a body has arrived than may be buffered."""
    answer = too_large(half.name, half.limit)
    stream.log(answer.body.decode(), LogLevel.WARN)
    if half is stream.request:
        reply(stream, answer)
    else:
        reply_now(stream, answer)


def refuse_headers(stream: Stream, half: Half, refusal: str) -> None:
    """They are more than a plugin can be asked to look at, so it is not asked."""
    stream.log(f"the {half.name} has {refusal}", LogLevel.WARN)
    status = 431 if half is stream.request else 502
    message = f"the header fields of the {half.name} are too large"
    reply_now(
        stream, LocalReply(status, [("content-type", "text/plain")], message.encode(), f"{half.name}_headers_too_large")
    )


def drop_request(stream: Stream) -> None:
    """The client is answered without the upstream, or without the rest of its response."""
    stream.request.drop()
    if stream.request.sent:
        stream.events.append(CloseUpstream())


def _fields(reply: LocalReply) -> list[tuple[str, str]]:
    return [(":status", str(reply.status)), *reply.headers]
