"""Sending a request again: another one in place of the one that was answered, before the client has seen anything."""

from __future__ import annotations

from typing import Final

from . import checks
from .checks import MAX_U32
from .core.direction import NO_RESPONSE, Direction
from .core.stream_state import DONE, REPLIED, StreamState
from .errors import RuleError
from .fields import REQUEST_PSEUDO
from .framing import guard_request
from .headers import Headers, HeaderValues, to_fields
from .http_client import message_headers, split_url, to_body
from .wire import NewRequest, SendAgain

_SENT: Final = "this is the request that was sent again"
_ONCE: Final = "this gateway sends each request once; make a call-out instead, or ask ctx.can_send_again first"
_TUNNEL: Final = "a tunnel (WebSocket, CONNECT) has no end that the plugin could have read"
_UNREAD: Final = "the plugin has not read the request's body to its end"
_NOT_GONE: Final = "the request has not gone on yet; change it instead"


def why_not(ctx: StreamState) -> str:
    """Why the request cannot be sent again now; empty if it can."""
    request, response = ctx.request, ctx.response
    if ctx.ended or ctx.replied:
        return DONE if ctx.ended else REPLIED
    if not ctx.sends_again:
        return _ONCE
    if ctx.websocket or ctx.method == "CONNECT":
        return _TUNNEL
    if request.held or request.body_in_hand or not request.headers.sealed:
        return _NOT_GONE
    if ctx.has_request_body and not request.read_whole:
        return _UNREAD
    return "" if response.headers is NO_RESPONSE else response.headers.sealed


def start(
    ctx: StreamState,
    method: str,
    url: str,
    headers: HeaderValues,
    body: bytes | str,
    first_byte_timeout_ms: int | None,
) -> None:
    """Ask the host for it, and forget the response that has arrived."""
    checks.text(method, "a method")
    authority, path = split_url(url)
    rest, data = message_headers(headers), to_body(body)
    if first_byte_timeout_ms is not None:
        first_byte_timeout_ms = checks.number(first_byte_timeout_ms, "first_byte_timeout_ms", 1, MAX_U32)
    if reason := why_not(ctx):
        raise RuleError(f"cannot send the request again: {reason}")
    guard_request(ctx.method, ":method", method)
    before = ctx.request.headers
    pseudo = {
        ":method": method,
        ":scheme": before.get(":scheme", "https"),
        ":authority": authority or before.get(":authority", ""),
        ":path": path,
    }
    fields = [*to_fields(pseudo, REQUEST_PSEUDO), *rest]
    ctx.command(SendAgain(NewRequest(fields, data, first_byte_timeout_ms)))
    sent = Headers.sent(fields, _SENT)
    sent.arrived = before.arrived  # tracebacks must still not show what the client sent
    ctx.start_over(Direction(sent))
