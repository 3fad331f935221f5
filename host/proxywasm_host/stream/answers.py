"""Answers that do not come from the upstream: local replies of the plugin, and what a failure ends with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proxywasm.connection_headers import without_connection_headers
from proxywasm.framing import has_no_body
from proxywasm.replies import FAILED, STATUSES, malformed, too_large
from proxywasm.wire import LocalReply, LogLevel

from .events import CloseUpstream, Reset
from .half import Half

if TYPE_CHECKING:
    from .stream import Stream


def reply(stream: Stream, reply: LocalReply) -> None:
    """Made in a request phase it travels back through the response phases, like any other response."""
    if reply.status not in STATUSES:
        stream.log("the plugin replied with a status that cannot be sent (200 to 599)")
        reply = FAILED
    if reply.body and has_no_body(str(reply.status)):
        reply = replace(reply, body=b"")
    if stream.answered or stream.final or stream.response.dropped:
        stream.log(f"a second local reply ({reply.status}) was given in vain")
    elif _response_has_begun(stream):
        reply_now(stream, reply)
    else:
        _send_back(stream, reply)


def reply_now(stream: Stream, reply: LocalReply) -> None:
    """Answer without asking the plugin of this stream any more.

    If there is no response yet, the other plugins of a chain see this one. Otherwise it goes to the client past all
    of them, or is too late because response headers have been sent.
    """
    stream.final = True
    if not _response_has_begun(stream):
        stream.bypass()
        _send_back(stream, reply)
        return
    _note(stream, reply)
    drop_request(stream)
    if stream is stream.chain[0]:
        _answer_client(stream, reply)
    else:
        # What has left this plugin before goes on first, and may reach the client.
        stream.response.drop()
        stream.events.append(_reset(reply))


def reply_past_others(stream: Stream) -> None:
    """A later plugin of the chain has answered while the response was on its way: no other one sees that answer."""
    first, *others = stream.chain
    reply = stream.local_reply
    assert reply is not None
    if first.final or first.response.done:
        return  # a plugin before it has answered, or ended the response, in the meantime
    for other in others:
        other.final = True
        other.response.drop()
    first.final = True
    _answer_client(first, reply)


def _answer_client(first: Stream, reply: LocalReply) -> None:
    if first.response.sent:
        first.response.end()
        first.events.append(_reset(reply))
    else:
        first.response.replace(_fields(reply), reply.body)
        first.send(first.response)


def _reset(reply: LocalReply) -> Reset:
    return Reset(reply.details or "local reply after the response headers")


def _response_has_begun(stream: Stream) -> bool:
    return any(other.response.fields is not None for other in stream.chain)


def _send_back(stream: Stream, reply: LocalReply) -> None:
    """Through the response phases of all plugins that have seen the request, the last one first."""
    _note(stream, reply)
    drop_request(stream)
    start = next((other for other in reversed(stream.chain) if other.entered), stream)
    start.begin_response(_fields(reply), not reply.body, reply.details)
    # The plugin may have failed, and the client have got something else.
    if reply.body and not start.response.ended and not start.response.dropped:
        start.body(start.response, reply.body, True)


def _note(stream: Stream, reply: LocalReply) -> None:
    for other in stream.chain:
        other.local_reply = reply


def refuse_size(stream: Stream, half: Half) -> None:
    """More of a body has arrived than may be buffered."""
    answer = too_large(half.name, half.limit)
    stream.log(answer.body.decode(), LogLevel.WARN)
    if half is stream.request:
        reply(stream, answer)
    else:
        reply_now(stream, answer)


def break_off(stream: Stream, half: Half) -> None:
    """What has gone on of it cannot be finished: the other side must not wait for the rest, nor take it for more."""
    stream.log(f"the {half.name} is broken off: its body has another length than its headers have announced")
    if stream.response.done:
        drop_request(stream)
    else:
        reply_now(stream, FAILED)


def refuse_headers(stream: Stream, half: Half, reason: str) -> None:
    """What has arrived is no HTTP message. The plugin is not asked, as in Envoy, whose filters never see one."""
    stream.log(f"the {half.name} headers are malformed: {reason}", LogLevel.WARN)
    reply_now(stream, malformed(half.name))


def refuse_header_size(stream: Stream, half: Half, refusal: str) -> None:
    """They are more than a plugin can be asked to look at, so it is not asked."""
    stream.log(f"the {half.name} has {refusal}", LogLevel.WARN)
    status = 431 if half is stream.request else 502
    message = f"the header fields of the {half.name} are too large"
    reply_now(
        stream, LocalReply(status, [("content-type", "text/plain")], message.encode(), f"{half.name}_headers_too_large")
    )


def drop_request(stream: Stream) -> None:
    """The client is answered by this stream, without the upstream or without the rest of its response."""
    stream.answered = True
    last = stream.chain[-1]
    if last.request.sent and not last.request.dropped:
        last.events.append(CloseUpstream())
    for other in stream.chain:
        other.request.drop()


def end_response(stream: Stream) -> None:
    """The plugin of this stream has ended the response: what the plugins behind it still have of it is dropped."""
    drop_request(stream)
    for other in stream.chain[stream.chain.index(stream) + 1 :]:
        other.response.drop()


def _fields(reply: LocalReply) -> list[tuple[str, str]]:
    """The length is that of the body, whatever the plugin says."""
    return [(":status", str(reply.status)), *without_connection_headers(reply.headers)]
