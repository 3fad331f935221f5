"""Handles answers of the upstream: converts, checks or passes them on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from proxywasm import Action, Headers, HttpAnswer, HttpContext, log

from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol
from ..wire import apis, limits
from ..wire.errors import RESPONSE_FAILED, ApiError, answer_too_large, bad_upstream, of_upstream
from ..wire.json import Json, NumberError, dump_converted
from . import (
    client_terms,
    documents,
    failures,
    native_refusals,
    promoted_thinking,
    refused_answers,
    scrubbing,
    streams,
    unread_fields,
    usage,
)
from .checked_stream import CheckedStream
from .edited_stream import new_checked_stream
from .message_streams import MessageStream
from .passed_streams import EVENT_STREAM
from .plans import Plan
from .streams import ConvertedStream

HeldStream: TypeAlias = ConvertedStream | CheckedStream | MessageStream
"""A stream whose headers wait for its first event."""
_EVENTS: Final = "text/event-stream"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def choose_reading(ctx: HttpContext, plan: Plan, exchange: Exchange) -> Action | None:
    """Choose by the headers how the answer is read: not at all, as an error, as a stream or as a whole."""
    # The same as `_service`, without a call: every answer runs this function.
    service = plan.answer.own_protocol if exchange.client.is_pivot else plan.answer.service
    if not _concerns(ctx, plan, exchange, service):
        return _unread(ctx, plan, exchange)
    headers = ctx.response_headers
    if exchange.client.request_id_header != plan.provider.row.dialect.request_id_header:
        _name_request_id(headers, plan, exchange)
    if exchange.answer.status >= 400:
        return failures.read_error(ctx, exchange.answer.status)
    if not ctx.has_response_body or not (plan.answer.checked or service):
        action = scrubbing.pass_unconverted(ctx, plan.provider, exchange)
        headers.discard("content-length")
        return action
    length = headers.get("content-length", "")
    headers.discard("content-length")
    if plan.provider.row.dialect.id_header:
        exchange.answer.id = headers.get(plan.provider.row.dialect.id_header, "")
        if plan.provider.row.dialect.input_count_header:
            exchange.answer.token_count = headers.get(plan.provider.row.dialect.input_count_header, "")
    content_type = headers.get("content-type", "")
    if service is not None and content_type.partition(";")[0] == EVENT_STREAM:
        log.debug("a stream of %s becomes one of events", EVENT_STREAM)
        headers["content-type"] = content_type = "text/event-stream; charset=utf-8"
    if ctx.response_is_opaque:
        if service is not None:
            failures.send_error(
                ctx, bad_upstream("the upstream's answer is compressed although that was not asked for")
            )
        return None
    if content_type == _EVENTS or _is_stream(content_type):
        ctx.set_context("stream", _stream(plan, exchange, service))
    elif limits.exceeds(length, limit := _limit(plan, service)):
        failures.send_error(ctx, answer_too_large(limit))
        return None
    else:
        ctx.set_response_body_buffer_limit(limit)
        ctx.buffer_response_body()
    # The headers wait for the body or for the first event of a stream, which may be an error.
    return Action.STOP_ITERATION


def _name_request_id(headers: Headers, plan: Plan, exchange: Exchange) -> None:
    """Give the service's id of the request the name under which the client looks for it."""
    value, wanted = headers.get(plan.provider.row.dialect.request_id_header), exchange.client.request_id_header
    if value and not headers.get(wanted):
        headers[wanted] = value


def _unread(ctx: HttpContext, plan: Plan, exchange: Exchange) -> Action | None:
    """Handle an answer that is neither converted nor checked."""
    status = exchange.answer.status
    if status >= 400 and ctx.is_binary_response_body() and scrubbing.may_hold_credentials(ctx, plan.provider, exchange):
        # It cannot be scrubbed, and services repeat keys in errors.
        failures.send_error(ctx, failures.status_only(status))
        return None
    return scrubbing.pass_unconverted(ctx, plan.provider, exchange)


def convert_body(ctx: HttpContext, plan: Plan, exchange: Exchange, raw: bytes) -> ApiError | None:
    """Convert a buffered answer. Returns the error if the answer is an error or invalid."""
    service = _service(plan, exchange)
    if exchange.answer.status >= 400:
        failures.convert_error(ctx, exchange, service, raw)
        return None
    try:
        if service is not None:
            content_type, body = _answer(plan, exchange, service, raw)
            if content_type:
                ctx.response_headers["content-type"] = content_type
            if exchange.answer.headers:
                scrubbing.add_headers(ctx, exchange)
            scrubbing.replace_body(ctx, exchange, body)
        elif not _looks_like_json(raw):
            raise bad_upstream("the upstream answered with something other than a JSON object")
        elif (edited := _edited(plan, exchange, raw)) is not None:
            usage.note_converted(exchange.answer, edited)
            scrubbing.replace_body(ctx, exchange, dump_converted(edited, raw))
        else:
            scrubbing.pass_body(ctx, exchange, raw)
    except (ApiError, NumberError) as problem:
        error = of_upstream(problem)
        error.mask(exchange.secrets.scrubber.clean_text)
        begin = exchange.secrets.scrubber.clean(raw)[:200]
        log.error(
            "%s: response of status %d not usable: %s: %r",
            RESPONSE_FAILED,
            exchange.answer.status,
            error.message,
            begin,
        )
        return error
    return None


def too_large_error(plan: Plan, exchange: Exchange) -> ApiError:
    """The error for an answer that is larger than its buffer."""
    if exchange.answer.status >= 400:
        return failures.status_only(exchange.answer.status)
    return answer_too_large(_limit(plan, _service(plan, exchange)))


def convert_retried(plan: Plan, exchange: Exchange, answer: HttpAnswer) -> tuple[str, bytes]:
    """Converts the answer of a retry. Returns its content type (empty: unchanged) and its body.

    Raises `ApiError` if the answer is an error or invalid.
    """
    content_type, body = _convert_retried(plan, exchange, answer)
    return content_type, exchange.secrets.scrubber.clean(body)


def _convert_retried(plan: Plan, exchange: Exchange, answer: HttpAnswer) -> tuple[str, bytes]:
    service = _service(plan, exchange)
    if len(answer.body) > (limit := _limit(plan, service)):
        raise answer_too_large(limit)
    if not plan.openai or not (plan.answer.checked or service):
        return "", _passed(exchange, answer)
    if _is_stream(answer.headers.get("content-type", "")):
        stream = _stream(plan, exchange, service)
        body = stream.feed(answer.body, last=True)
        if stream.failure is not None:
            raise stream.failure
        return "", body
    try:
        if service is None:
            documents.of_answer(answer.body)
            edited = _edited(plan, exchange, answer.body)
            return "", answer.body if edited is None else dump_converted(edited, answer.body)
        return _answer(plan, exchange, service, answer.body)
    except NumberError as error:
        raise of_upstream(error) from None


def _passed(exchange: Exchange, answer: HttpAnswer) -> bytes:
    """The answer of a retry that is not converted. Raises `ApiError` for a stream that begins with an error."""
    kind = answer.headers.get("content-type", "").lstrip().lower()
    stream = scrubbing.new_stream(kind, exchange)
    if isinstance(stream, MessageStream):
        body = stream.feed(answer.body, last=True)
        if stream.failure is not None:
            raise stream.failure
        return body
    if exchange.answer.watch is not None and exchange.api in native_refusals.CHATS:
        native_refusals.watch_answer(exchange.answer.watch, exchange.api, answer.body)
    return answer.body


def feed_first_chunk(
    ctx: HttpContext, exchange: Exchange, stream: HeldStream, chunk: bytes, last: bool
) -> bytes | None:
    """The bytes for the client; then the headers are sent, too. None: the headers wait for the first event, or the
    stream has failed before any content and `attempts` decides about its `failure`.
    """
    output = stream.feed(chunk, last=last)
    if stream.failure is None:
        if not (stream.has_event or last):
            return None
    elif not stream.has_content:
        return None
    stream.headers_sent = True
    if exchange.answer.headers:  # Known since the first event.
        scrubbing.add_headers(ctx, exchange)
    return output


def _concerns(ctx: HttpContext, plan: Plan, exchange: Exchange, service: AnyServiceProtocol | None) -> bool:
    """Whether the answer comes from the provider and has to be read."""
    if exchange.answer.status >= 400:
        return failures.is_size_refusal(ctx, exchange.answer.status) or (
            plan.answer.rewrites_errors and ctx.is_response_from_upstream()
        )
    if not plan.openai or not 200 <= exchange.answer.status < 300 or (ctx.response_is_opaque and ctx.is_websocket()):
        return False
    # Answers of other filters and of the gateway itself pass unchanged.
    return service is None or ctx.is_response_from_upstream()


def _limit(plan: Plan, service: AnyServiceProtocol | None) -> int:
    """The most bytes of an answer that are buffered: fewer if it is parsed."""
    parsed = service is not None or plan.answer.promotes or plan.provider.row.dialect.answer_edit is not None
    return limits.BODY if parsed else limits.UNPARSED_ANSWER


def _service(plan: Plan, exchange: Exchange) -> AnyServiceProtocol | None:
    """The protocol that reads the answer. The pivot's own answers are only read for clients of other protocols."""
    return plan.answer.own_protocol if exchange.client.is_pivot else plan.answer.service


def _stream(plan: Plan, exchange: Exchange, service: AnyServiceProtocol | None) -> ConvertedStream | CheckedStream:
    if service is None:
        return new_checked_stream(plan.provider, exchange)
    return ConvertedStream(exchange, service, _dropped(plan, exchange) if unread_fields.is_wanted() else None)


def _dropped(plan: Plan, exchange: Exchange) -> Mapping[str, str] | None:
    """The fields that are known not to be read before the client's protocol; None: service and client have the
    pivot's, so all pass."""
    dialect = plan.provider.row.dialect
    if exchange.api in dialect.protocols:
        return dialect.dropped.get(exchange.api, _NOTHING)
    return None if exchange.client.is_pivot else exchange.client.dropped


def _is_stream(content_type: str) -> bool:
    return content_type != "application/json" and content_type.lstrip().lower().startswith(_EVENTS)


def _answer(plan: Plan, exchange: Exchange, service: AnyServiceProtocol, raw: bytes) -> tuple[str, bytes]:
    """The content type of the client's answer (empty: the upstream's) and its body.

    Raises `ApiError` and `NumberError`.
    """
    document = documents.of_answer(raw)
    if unread_fields.is_wanted() and (dropped := _dropped(plan, exchange)) is not None:
        answer = unread_fields.answer(service, exchange, document, dropped)
    else:
        answer = service.response(exchange, document)
    usage.note_converted(exchange.answer, answer)
    if exchange.answer.watch is not None and exchange.api == apis.CHAT:
        refused_answers.watch_answer(exchange.answer.watch, answer)
    client_terms.restore(exchange, answer)
    if plan.answer.promotes:
        promoted_thinking.promote(answer)
    if exchange.stream and plan.provider.row.dialect.cannot_stream:
        return "text/event-stream", streams.from_answer(exchange, answer)
    if exchange.api == apis.CHAT:  # Answers of other APIs are in the client's format.
        answer = _for_client(exchange, answer)
    body = dump_converted(answer, raw)
    if len(body) > limits.CONVERTED:
        raise answer_too_large(limits.CONVERTED)
    return "", body


def _for_client(exchange: Exchange, answer: Json) -> Json:
    client = exchange.client
    if not client.is_pivot and unread_fields.is_wanted():
        return unread_fields.client_answer(client, exchange, answer, unread_fields.Watch(client.dropped))
    return client.response(exchange, answer)


def _edited(plan: Plan, exchange: Exchange, raw: bytes) -> Json | None:
    """A whole answer that is not converted, with what the row and the settings change; None: they change nothing."""
    edit, mark = plan.provider.row.dialect.answer_edit, plan.provider.row.dialect.edited_answers
    if exchange.answer.watch is not None and exchange.api == apis.CHAT:
        refused_answers.watch_answer(exchange.answer.watch, documents.of_answer(raw))
    if exchange.api != apis.CHAT or (mark is not None and mark.search(raw) is None):
        edit = None
    if edit is None and not plan.answer.promotes:
        return None
    answer = documents.of_answer(raw)
    changed = edit is not None and edit(exchange, answer)
    if plan.answer.promotes and promoted_thinking.promote(answer):
        changed = True
    return answer if changed else None


def _looks_like_json(raw: bytes) -> bool:
    """Whether the body can be a JSON object. Detects HTML pages of proxies and cut answers without parsing."""
    if raw.startswith(b"{") and raw.endswith(b"}"):
        return True
    text = raw.strip()
    return text.startswith(b"{") and text.endswith(b"}")
