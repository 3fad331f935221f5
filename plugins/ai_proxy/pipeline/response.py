"""An answer on its way to the client."""

from __future__ import annotations

from proxywasm import Action, HttpAnswer, HttpContext, JsonTooComplexError, log

from ..protocols import fronts
from ..protocols.exchange import Exchange
from ..protocols.openai import service as openai_chat
from ..providers.row import Codec
from ..wire import limits
from ..wire.errors import RESPONSE_FAILED, ApiError, answer_too_large, bad_upstream, of_upstream
from ..wire.json import NumberError, dump_converted, loads
from . import failures, leaving, promoted_thinking, streams
from .edited_stream import passed_on
from .passed_streams import EVENT_STREAM
from .plans import Plan
from .streams import CheckedStream, ConvertedStream


def on_headers(ctx: HttpContext, plan: Plan, exchange: Exchange) -> Action | None:
    codec = _codec(plan, exchange)
    if not _concerns(ctx, plan, exchange, codec):
        if (
            exchange.status >= 400
            and ctx.is_binary_response_body()
            and leaving.may_hold_credentials(ctx, plan.provider, exchange)
        ):
            # Nobody can look into it, and errors are where services repeat keys.
            failures.answer_anew(ctx, failures.unread(exchange.status))
            return None
        return leaving.pass_on(ctx, plan.provider, exchange)
    if exchange.status >= 400:
        return failures.on_headers(ctx, exchange.status)
    headers = ctx.response_headers
    if not ctx.has_response_body or not (plan.checked or codec):
        action = leaving.pass_on(ctx, plan.provider, exchange)
        headers.discard("content-length")
        return action
    length = headers.get("content-length", "")
    headers.discard("content-length")
    if plan.provider.row.id_header:
        exchange.answer_id = headers.get(plan.provider.row.id_header, "")
    content_type = headers.get("content-type", "")
    if codec is not None and content_type.partition(";")[0] == EVENT_STREAM:
        log.debug("a stream of %s becomes one of events", EVENT_STREAM)
        headers["content-type"] = content_type = "text/event-stream; charset=utf-8"
    if ctx.response_is_opaque:
        if codec is not None:
            error = bad_upstream("the upstream's answer is compressed although that was not asked for")
            failures.answer_anew(ctx, error)
        return None
    if _is_stream(content_type):
        ctx.set_context("stream", _stream(plan, exchange, codec))
    elif limits.exceeds(length, limit := _limit(plan, codec)):
        failures.answer_anew(ctx, answer_too_large(limit))
        return None
    else:
        ctx.set_response_body_buffer_limit(limit)
        ctx.buffer_response_body()
    # The headers wait for the body, or for a stream's first piece: only then is it known whether it is an error.
    return Action.STOP_ITERATION


def on_body(ctx: HttpContext, plan: Plan, exchange: Exchange, raw: bytes) -> ApiError | None:
    """Convert an answer in hand; the error, if that is what it is or if it makes no sense."""
    codec = _codec(plan, exchange)
    if exchange.status >= 400:
        failures.explain(ctx, exchange, codec, raw)
        return None
    try:
        if codec is not None:
            content_type, body = _answer(plan, exchange, codec, raw)
            if content_type:
                ctx.response_headers["content-type"] = content_type
            leaving.add_headers(ctx, exchange)
            leaving.body(ctx, exchange, body)
        elif not _looks_like_json(raw):
            raise bad_upstream("the upstream answered with something other than a JSON object")
        elif plan.promotes and promoted_thinking.promote(answer := _document(raw)):
            leaving.body(ctx, exchange, dump_converted(answer, raw))
        else:
            leaving.passed_body(ctx, exchange, raw)
    except (ApiError, NumberError) as problem:
        error = of_upstream(problem)
        error.hide(exchange.scrubber)
        begin = exchange.scrubber.clean(raw)[:200]
        log.error(
            "%s: response of status %d not usable: %s: %r", RESPONSE_FAILED, exchange.status, error.message, begin
        )
        return error
    return None


def too_large(plan: Plan, exchange: Exchange) -> ApiError:
    """What the client is told in place of an answer that is larger than what may be buffered of it."""
    if exchange.status >= 400:
        return failures.unread(exchange.status)
    return answer_too_large(_limit(plan, _codec(plan, exchange)))


def whole(plan: Plan, exchange: Exchange, answer: HttpAnswer) -> tuple[str, bytes]:
    """A complete answer as the client gets it: its content type (empty: as it came), and its body.

    Raises `ApiError` when it is an error, or makes no sense.
    """
    content_type, body = _whole(plan, exchange, answer)
    return content_type, exchange.scrubber.clean(body)


def _whole(plan: Plan, exchange: Exchange, answer: HttpAnswer) -> tuple[str, bytes]:
    codec = _codec(plan, exchange)
    if len(answer.body) > (limit := _limit(plan, codec)):
        raise answer_too_large(limit)
    if not plan.openai or not (plan.checked or codec):
        return "", answer.body
    if _is_stream(answer.headers.get("content-type", "")):
        stream = _stream(plan, exchange, codec)
        body = stream.feed(answer.body, last=True)
        if stream.failure is not None:
            raise stream.failure
        return "", body
    if codec is None:
        _document(answer.body)
        return "", answer.body
    try:
        return _answer(plan, exchange, codec, answer.body)
    except NumberError as error:
        raise of_upstream(error) from None


def on_first_chunk(
    ctx: HttpContext, exchange: Exchange, stream: ConvertedStream | CheckedStream, chunk: bytes, last: bool
) -> bytes | None:
    """What goes to the client, and the headers with it. None: they wait until there is an event, which may be an error,
    or somebody has to decide what becomes of the stream's `failure`.
    """
    output = stream.feed(chunk, last=last)
    if stream.failure is None:
        if not (stream.heard or last):
            return None
    elif not stream.said:
        return None
    stream.begun = True
    leaving.add_headers(ctx, exchange)  # Known only now; a stream whose first event says nothing goes without.
    return output


def _concerns(ctx: HttpContext, plan: Plan, exchange: Exchange, codec: Codec | None) -> bool:
    """Whether this is the provider's answer, and one that is looked at."""
    if exchange.status >= 400:
        return failures.is_size_refusal(ctx, exchange.status) or (plan.explained and ctx.is_response_from_upstream())
    if not plan.openai or not 200 <= exchange.status < 300 or (ctx.response_is_opaque and ctx.is_websocket()):
        return False
    # Another filter's answer, or the gateway's own, is for the client as it is.
    return codec is None or ctx.is_response_from_upstream()


def _limit(plan: Plan, codec: Codec | None) -> int:
    """Bytes of an answer that are buffered: fewer if it is parsed."""
    return limits.UNPARSED_ANSWER if codec is None and not plan.promotes else limits.BODY


def _codec(plan: Plan, exchange: Exchange) -> Codec | None:
    """What reads the answer. A front has to have it read even where it is the pivot's protocol already."""
    return plan.codec or (openai_chat if exchange.front else None)


def _stream(plan: Plan, exchange: Exchange, codec: Codec | None) -> ConvertedStream | CheckedStream:
    return passed_on(plan.provider, exchange) if codec is None else ConvertedStream(exchange, codec)


def _is_stream(content_type: str) -> bool:
    return content_type != "application/json" and content_type.lstrip().lower().startswith("text/event-stream")


def _answer(plan: Plan, exchange: Exchange, codec: Codec, raw: bytes) -> tuple[str, bytes]:
    """The client's answer and its content type, if that is another than the upstream's.

    Raises `ApiError` and `NumberError`.
    """
    answer = codec.response(exchange, _document(raw))
    if plan.promotes:
        promoted_thinking.promote(answer)
    if exchange.stream and plan.provider.row.cannot_stream:
        return "text/event-stream", streams.made_of(exchange, answer)
    if exchange.front:
        answer = fronts.FRONTS[exchange.front].response(exchange, answer)
    body = dump_converted(answer, raw)
    if len(body) > limits.CONVERTED:
        raise answer_too_large(limits.CONVERTED)
    return "", body


def _document(raw: bytes) -> dict[str, object]:
    try:
        document = loads(raw)
    except JsonTooComplexError as error:
        raise bad_upstream(f"the upstream's answer has too much in it: {error}") from None
    except ValueError:
        raise bad_upstream("the upstream's answer is not JSON") from None
    if not isinstance(document, dict):
        raise bad_upstream("the upstream's answer is not a JSON object")
    return document


def _looks_like_json(raw: bytes) -> bool:
    """Enough to notice a proxy's HTML page and an answer that was cut off, without reading all of it."""
    if raw.startswith(b"{") and raw.endswith(b"}"):
        return True
    text = raw.strip()
    return text.startswith(b"{") and text.endswith(b"}")
