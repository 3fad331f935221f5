"""An answer on its way to the client."""

from __future__ import annotations

from proxywasm import Action, HttpAnswer, HttpContext, log

from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol
from ..wire import apis, limits
from ..wire.errors import RESPONSE_FAILED, ApiError, answer_too_large, bad_upstream, of_upstream
from ..wire.json import Json, NumberError, dump_converted
from . import client_terms, documents, failures, promoted_thinking, scrubbing, streams
from .checked_stream import CheckedStream
from .edited_stream import new_checked_stream
from .passed_streams import EVENT_STREAM
from .plans import Plan
from .streams import ConvertedStream


def choose_reading(ctx: HttpContext, plan: Plan, exchange: Exchange) -> Action | None:
    """Decide by the headers how an answer is read: not at all, as an error, as a stream or as a whole."""
    # As `_service` says. All answers pass here, and in Wasm a call costs something.
    service = plan.answer.own_protocol if exchange.client.is_pivot else plan.answer.service
    if not _concerns(ctx, plan, exchange, service):
        return _unread(ctx, plan, exchange)
    if exchange.answer.status >= 400:
        return failures.read_error(ctx, exchange.answer.status)
    headers = ctx.response_headers
    if not ctx.has_response_body or not (plan.answer.checked or service):
        action = scrubbing.pass_unconverted(ctx, plan.provider, exchange)
        headers.discard("content-length")
        return action
    length = headers.get("content-length", "")
    headers.discard("content-length")
    if plan.provider.row.dialect.id_header:
        exchange.answer.id = headers.get(plan.provider.row.dialect.id_header, "")
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
    if _is_stream(content_type):
        ctx.set_context("stream", _stream(plan, exchange, service))
    elif limits.exceeds(length, limit := _limit(plan, service)):
        failures.send_error(ctx, answer_too_large(limit))
        return None
    else:
        ctx.set_response_body_buffer_limit(limit)
        ctx.buffer_response_body()
    # The headers wait for the body, or for a stream's first piece: only then is it known whether it is an error.
    return Action.STOP_ITERATION


def _unread(ctx: HttpContext, plan: Plan, exchange: Exchange) -> Action | None:
    """An answer that is neither converted nor checked."""
    status = exchange.answer.status
    if status >= 400 and ctx.is_binary_response_body() and scrubbing.may_hold_credentials(ctx, plan.provider, exchange):
        # Nobody can look into it, and errors are where services repeat keys.
        failures.send_error(ctx, failures.status_only(status))
        return None
    return scrubbing.pass_unconverted(ctx, plan.provider, exchange)


def convert_body(ctx: HttpContext, plan: Plan, exchange: Exchange, raw: bytes) -> ApiError | None:
    """Convert an answer in hand; the error, if that is what it is or if it makes no sense."""
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
    """What the client is told in place of an answer that is larger than what may be buffered of it."""
    if exchange.answer.status >= 400:
        return failures.status_only(exchange.answer.status)
    return answer_too_large(_limit(plan, _service(plan, exchange)))


def convert_retried(plan: Plan, exchange: Exchange, answer: HttpAnswer) -> tuple[str, bytes]:
    """A complete answer as the client gets it: its content type (empty: as it came), and its body.

    Raises `ApiError` when it is an error, or makes no sense.
    """
    content_type, body = _convert_retried(plan, exchange, answer)
    return content_type, exchange.secrets.scrubber.clean(body)


def _convert_retried(plan: Plan, exchange: Exchange, answer: HttpAnswer) -> tuple[str, bytes]:
    service = _service(plan, exchange)
    if len(answer.body) > (limit := _limit(plan, service)):
        raise answer_too_large(limit)
    if not plan.openai or not (plan.answer.checked or service):
        return "", answer.body
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


def feed_first_chunk(
    ctx: HttpContext, exchange: Exchange, stream: ConvertedStream | CheckedStream, chunk: bytes, last: bool
) -> bytes | None:
    """What goes to the client, and the headers with it. None: they wait until there is an event, which may be an error,
    or somebody has to decide what becomes of the stream's `failure`.
    """
    output = stream.feed(chunk, last=last)
    if stream.failure is None:
        if not (stream.has_event or last):
            return None
    elif not stream.has_content:
        return None
    stream.headers_sent = True
    if exchange.answer.headers:  # Known only now; a stream whose first event says nothing goes without.
        scrubbing.add_headers(ctx, exchange)
    return output


def _concerns(ctx: HttpContext, plan: Plan, exchange: Exchange, service: AnyServiceProtocol | None) -> bool:
    """Whether this is the provider's answer, and one that is looked at."""
    if exchange.answer.status >= 400:
        return failures.is_size_refusal(ctx, exchange.answer.status) or (
            plan.answer.rewrites_errors and ctx.is_response_from_upstream()
        )
    if not plan.openai or not 200 <= exchange.answer.status < 300 or (ctx.response_is_opaque and ctx.is_websocket()):
        return False
    # Another filter's answer, or the gateway's own, is for the client as it is.
    return service is None or ctx.is_response_from_upstream()


def _limit(plan: Plan, service: AnyServiceProtocol | None) -> int:
    """Bytes of an answer that are buffered: fewer if it is parsed."""
    parsed = service is not None or plan.answer.promotes or plan.provider.row.dialect.answer_edit is not None
    return limits.BODY if parsed else limits.UNPARSED_ANSWER


def _service(plan: Plan, exchange: Exchange) -> AnyServiceProtocol | None:
    """What reads the answer. Where the service speaks the pivot, its answers are only read for other protocols."""
    return plan.answer.own_protocol if exchange.client.is_pivot else plan.answer.service


def _stream(plan: Plan, exchange: Exchange, service: AnyServiceProtocol | None) -> ConvertedStream | CheckedStream:
    return new_checked_stream(plan.provider, exchange) if service is None else ConvertedStream(exchange, service)


def _is_stream(content_type: str) -> bool:
    return content_type != "application/json" and content_type.lstrip().lower().startswith("text/event-stream")


def _answer(plan: Plan, exchange: Exchange, service: AnyServiceProtocol, raw: bytes) -> tuple[str, bytes]:
    """The client's answer and its content type, if that is another than the upstream's.

    Raises `ApiError` and `NumberError`.
    """
    answer = service.response(exchange, documents.of_answer(raw))
    client_terms.restore(exchange, answer)
    if plan.answer.promotes:
        promoted_thinking.promote(answer)
    if exchange.stream and plan.provider.row.dialect.cannot_stream:
        return "text/event-stream", streams.made_of(exchange, answer)
    body = dump_converted(exchange.client.response(exchange, answer), raw)
    if len(body) > limits.CONVERTED:
        raise answer_too_large(limits.CONVERTED)
    return "", body


def _edited(plan: Plan, exchange: Exchange, raw: bytes) -> Json | None:
    """A whole answer that is not converted, with what the row and the settings change; None: they change nothing."""
    edit, mark = plan.provider.row.dialect.answer_edit, plan.provider.row.dialect.edited_answers
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
    """Enough to notice a proxy's HTML page and an answer that was cut off, without reading all of it."""
    if raw.startswith(b"{") and raw.endswith(b"}"):
        return True
    text = raw.strip()
    return text.startswith(b"{") and text.endswith(b"}")
