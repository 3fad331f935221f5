"""Masks credentials in the headers and bodies of answers before they are sent to the client.

Services repeat the key of a request: in errors, in redirections, in headers for debugging. This module handles headers
and whole bodies; `streams`, `checked_stream` and `passed_streams` do the same for each piece of a stream.
"""

from __future__ import annotations

from typing import Final

from proxywasm import Action, Headers, HttpContext

from ..protocols.exchange import Exchange
from ..providers.row import OwnKey, Provider
from ..wire import apis, lenient, limits
from ..wire.errors import ApiError
from . import usage
from .message_streams import GeminiStream, MessageStream, ResponseStream
from .passed_streams import PassedStream, new_passed_stream

Fields = list[tuple[str, str]]

_REDIRECTING: Final = frozenset({"location", "refresh"})
"""Headers with an address that the client requests. With a masked credential the address would be wrong."""

_NOT_TEXT: Final = ("audio/", "font/", "image/", "video/")

BUFFERED: Final = 1024 * 1024
"""Bytes. Smaller answers are buffered, so they keep their `content-length`; larger ones are scrubbed as they arrive."""


def scrub_headers(headers: Headers, exchange: Exchange) -> None:
    """Mask credentials in the headers of an answer. Raises `ApiError` for a redirection to an address with one."""
    given = headers.fields()
    if not exchange.secrets.scrubber.suspects_fields(given):
        return
    cleaned = scrub_fields(exchange, given)
    kept = set(cleaned)
    for name in dict.fromkeys(name for name, value in given if (name, value) not in kept):
        values = [value for key, value in cleaned if key == name]
        if values:
            headers[name] = values[0]
            for value in values[1:]:
                headers.add(name, value)
        else:
            headers.discard(name)


def scrub_fields(exchange: Exchange, given: Fields) -> Fields:
    """Header fields with their credentials masked; the same object if there are none.

    Raises `ApiError` as `scrub_headers` does.
    """
    scrubber = exchange.secrets.scrubber
    if not scrubber.suspects_fields(given):
        return given
    cleaned = []
    for name, value in given:
        if scrubber.knows(name):
            continue
        if (new := scrubber.clean_text(value)) is not value and name in _REDIRECTING:
            raise ApiError(
                502,
                "the upstream redirects to an address with a credential of the gateway in it",
                code="bad_upstream_response",
            )
        cleaned.append((name, new))
    return cleaned


def add_headers(ctx: HttpContext, exchange: Exchange) -> None:
    """Set the headers that a service protocol has taken from the body."""
    ctx.response_headers.update(scrub_fields(exchange, [*exchange.answer.headers.items()]))


def replace_body(ctx: HttpContext, exchange: Exchange, new: bytes) -> None:
    """Replace the buffered body, with credentials masked."""
    ctx.replace_response_body(exchange.secrets.scrubber.clean(new))


def pass_body(ctx: HttpContext, exchange: Exchange, given: bytes) -> None:
    """Send the buffered body, with credentials masked."""
    usage.note(exchange.answer, given, usage.KEYS.get(exchange.api, usage.KEY))
    cleaned = exchange.secrets.scrubber.clean(given)
    if cleaned is not given:
        ctx.replace_response_body(cleaned)


def may_hold_credentials(ctx: HttpContext, provider: Provider, exchange: Exchange) -> bool:
    """Whether the body of an answer can contain credentials other than the client's own."""
    return bool(exchange.secrets.scrubber) and provider.own_key is not OwnKey.USED and ctx.has_response_body


def new_stream(kind: str, exchange: Exchange) -> PassedStream:
    scrubber = exchange.secrets.scrubber
    if exchange.answer.status < 400 and kind.startswith("text/event-stream"):
        if exchange.api == apis.MESSAGES:
            return MessageStream(scrubber, exchange)
        if exchange.api == apis.RESPONSES:
            return ResponseStream(scrubber, exchange)
        if exchange.api == apis.GEMINI_STREAM and exchange.attempts is not None:
            return GeminiStream(scrubber, exchange)
    return new_passed_stream(kind, scrubber, exchange)


def _is_watched(exchange: Exchange) -> bool:
    """Whether the choice of providers has to know what is in the answer: a refusal, or the id of a response."""
    fallback = exchange.attempts.fallback if exchange.attempts is not None else None
    if fallback is None:
        return False
    return exchange.answer.watch is not None or (exchange.api == apis.RESPONSES and fallback.notes_makers)


def pass_unconverted(ctx: HttpContext, provider: Provider, exchange: Exchange) -> Action | None:
    """Pass on an answer that is neither converted nor checked. It is only read if it can contain credentials."""
    headers = ctx.response_headers
    kind = headers.get("content-type", "").lstrip().lower()
    is_media = kind.startswith(_NOT_TEXT) and exchange.answer.status < 400 and "xml" not in kind
    watched = ctx.has_response_body and _is_watched(exchange)
    if is_media or ctx.response_is_opaque or not (watched or may_hold_credentials(ctx, provider, exchange)):
        ctx.dont_read_response_body()
        return None
    exchange.answer.passes_through = True
    length = lenient.digits(headers.get("content-length"))
    is_whole = kind.startswith("application/json") and exchange.api != apis.GEMINI_STREAM  # which streams an array
    if watched and is_whole and length <= limits.UNPARSED_ANSWER:
        ctx.set_response_body_buffer_limit(limits.UNPARSED_ANSWER)
        ctx.buffer_response_body()
        return Action.STOP_ITERATION
    stream = new_stream(kind, exchange)
    if 0 < length <= BUFFERED and stream.headers_sent:
        ctx.buffer_response_body()
        return Action.STOP_ITERATION
    headers.discard("content-length")
    ctx.set_context("stream", stream)
    return None if stream.headers_sent else Action.STOP_ITERATION
