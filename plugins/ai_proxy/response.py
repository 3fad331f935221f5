"""A response on its way to the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from proxywasm import Action, Headers, HttpAnswer, HttpContext, log

from . import apis, fronts, streams, thinking
from .call import Call
from .codecs import openai_chat
from .edited_stream import passed_on
from .errors import ApiError, bad_upstream, from_anything, is_openai_error, parse, without
from .jsonx import Json, dump_bytes, loads
from .provider import Codec, Provider
from .request import BODY_LIMIT
from .streams import CheckedStream, ConvertedStream

RESPONSE_FAILED: Final = "ai-proxy.proc_resp_body_failed"

# Where answers that nobody converts are at least looked at, so that garbage and cut streams become errors.
_CHECKED: Final = frozenset({apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS})

# Of an error that has to be answered anew: what a client's retry and a support case need.
_KEPT_HEADERS: Final = ("retry-after", "x-request-id")


def on_headers(ctx: HttpContext, provider: Provider, call: Call) -> Action | None:
    if call.settings.protocol == "original":
        ctx.dont_read_response_body()
        return None
    status = int(ctx.response_headers.get(":status", "0"))
    codec = _codec(provider, call)
    concerned = call.api.startswith("openai/") if status >= 400 else 200 <= status < 300
    if not concerned or (ctx.is_websocket() and status < 400):
        ctx.dont_read_response_body()
        return None
    if (codec or status >= 400) and not ctx.is_response_from_upstream():
        ctx.dont_read_response_body()  # Another filter's answer, or the gateway's own, is for the client as it is.
        return None
    if status >= 400:
        return _on_error_headers(ctx, status)
    headers = ctx.response_headers
    headers.discard("content-length")
    if provider.row.id_header:
        call.answer_id = headers.get(provider.row.id_header, "")
    if (kind := headers.get("content-type", "").partition(";")[0]) in _BINARY_STREAMS and codec:
        log.debug("a stream of %s becomes one of events", kind)
        headers["content-type"] = "text/event-stream; charset=utf-8"
    if not ctx.has_response_body or (codec is None and call.api not in _CHECKED):
        ctx.dont_read_response_body()
        return None
    if ctx.is_binary_response_body():
        if codec:
            answer_anew(ctx, bad_upstream("the upstream's answer is compressed although that was not asked for"))
        return None
    if _is_stream(headers):
        ctx.set_context("stream", ConvertedStream(call, codec) if codec else passed_on(provider, call))
    else:
        ctx.set_response_body_buffer_limit(BODY_LIMIT)
        ctx.buffer_response_body()
    # The headers wait for the body, or for a stream's first piece: only then is it known whether it is an error.
    return Action.STOP_ITERATION


_BINARY_STREAMS: Final = frozenset({"application/vnd.amazon.eventstream"})

OnError: TypeAlias = Callable[[ApiError], bool]
"""Asked before an answer becomes an error; whether somebody else sees to it."""


def on_body(ctx: HttpContext, provider: Provider, call: Call, raw: bytes, *, on_error: OnError | None = None) -> None:
    codec = _codec(provider, call)
    status = int(ctx.response_headers.get(":status", "0"))
    try:
        if status >= 400:
            _explain(ctx, call, codec, status, raw)
        elif codec is None:
            if not _looks_like_json(raw):
                raise bad_upstream("the upstream answered with something other than a JSON object")
            if call.api == apis.CHAT and thinking.wanted(call.settings) and thinking.promote(answer := _document(raw)):
                ctx.replace_response_body(dump_bytes(answer))
        else:
            content_type, body = _answer(provider, call, codec, _document(raw))
            if content_type:
                ctx.response_headers["content-type"] = content_type
            for name, value in call.answer_headers.items():
                ctx.response_headers[name] = value
            ctx.replace_response_body(body)
    except ApiError as error:
        error.hide(call.tokens)
        begin = without(call.tokens, raw)[:200]
        log.error("%s: response of status %d not usable: %s: %r", RESPONSE_FAILED, status, error.message, begin)
        if on_error is None or not on_error(error):
            fail(ctx, error)


def fail(ctx: HttpContext, error: ApiError) -> None:
    """The client gets an error in place of the answer in hand."""
    become(ctx, error)
    ctx.replace_response_body(fronts.error_body(ctx, error))


def is_explained(call: Call, status: int) -> bool:
    """Whether a body of this failing status is put into the client's terms."""
    return status >= 400 and call.settings.protocol != "original" and call.api.startswith("openai/")


def whole(provider: Provider, call: Call, answer: HttpAnswer) -> tuple[str, bytes]:
    """A complete answer as the client gets it: its content type (empty: as it came), and its body.

    Raises `ApiError` when it is an error, or makes no sense.
    """
    codec = _codec(provider, call)
    if call.settings.protocol == "original" or (codec is None and call.api not in _CHECKED):
        return "", answer.body
    if _is_stream(answer.headers):
        stream = ConvertedStream(call, codec) if codec else passed_on(provider, call)
        body = stream.feed(answer.body, last=True)
        if stream.failure is not None:
            raise stream.failure
        return "", body
    document = _document(answer.body)
    if codec is None:
        return "", answer.body
    return _answer(provider, call, codec, document)


def _answer(provider: Provider, call: Call, codec: Codec, document: Json) -> tuple[str, bytes]:
    """The client's answer and its content type, if that is another than the upstream's."""
    answer = codec.response(call, document)
    if call.api == apis.CHAT and thinking.wanted(call.settings):
        thinking.promote(answer)
    if call.stream and provider.row.cannot_stream:
        return "text/event-stream", streams.made_of(call, answer)
    front = fronts.of(call)
    return "", dump_bytes(answer if front is None else front.response(call, answer))


def on_first_chunk(
    ctx: HttpContext,
    stream: ConvertedStream | CheckedStream,
    chunk: bytes,
    last: bool,
    *,
    on_error: OnError,
) -> bytes | Action:
    """A chunk of a stream whose headers still wait: until there is an event, which may be an error."""
    if stream.failure is not None:
        return Action.STOP_ITERATION  # Somebody else sees to it.
    output = stream.feed(chunk, last=last)
    error = stream.failure
    if error is None and not (stream.heard or last):
        return Action.STOP_ITERATION
    call: Call = ctx.get_context("call")
    if error is not None:
        error.hide(call.tokens)
        _log_failure(error)
        if not stream.said:
            if on_error(error):
                return Action.STOP_ITERATION
            become(ctx, error)
            output = fronts.error_body(ctx, error)
    stream.begun = True
    if call.answer_headers and (error is None or stream.said):
        # Known only now; a stream whose first event says nothing goes without.
        ctx.response_headers.update(call.answer_headers)
    return output


def on_chunk(stream: ConvertedStream | CheckedStream, chunk: bytes, last: bool) -> bytes:
    """A chunk of a stream that has begun."""
    failed = stream.failure is not None
    output = stream.feed(chunk, last=last)
    if not failed and stream.failure is not None:
        _log_failure(stream.failure)
    return output


def _log_failure(error: ApiError) -> None:
    log.error("%s: stream not usable: %s", RESPONSE_FAILED, error.message)


def _is_stream(headers: Headers) -> bool:
    return headers.get("content-type", "").lstrip().lower().startswith("text/event-stream")


def become(ctx: HttpContext, error: ApiError) -> None:
    """Turn the headers of a response into those of an error."""
    headers = ctx.response_headers
    headers[":status"] = str(error.status)
    headers["content-type"] = "application/json"
    headers.discard("content-length")


def _on_error_headers(ctx: HttpContext, status: int) -> Action | None:
    if ctx.method == "HEAD":
        return None
    if not ctx.has_response_body or ctx.is_binary_response_body():
        # There is no body, or none that can be read.
        answer_anew(ctx, ApiError(status, f"the upstream answered with status {status}"))
        return None
    ctx.set_response_body_buffer_limit(BODY_LIMIT)
    ctx.buffer_response_body()
    return Action.STOP_ITERATION


def answer_anew(ctx: HttpContext, error: ApiError) -> None:
    """The client gets an error in place of an answer of which nothing is in hand."""
    log.error("%s: %s", RESPONSE_FAILED, error.message)
    kept = {name: value for name in _KEPT_HEADERS if (value := ctx.response_headers.get(name))}
    ctx.send_http_response(
        error.status,
        {"content-type": "application/json", **kept},
        fronts.error_body(ctx, error),
        details=RESPONSE_FAILED,
    )


def _explain(ctx: HttpContext, call: Call, codec: Codec | None, status: int, raw: bytes) -> None:
    """The upstream's error as an OpenAI error object. One that is one already stays as it is."""
    body = without(call.tokens, raw)
    document = parse(body)
    if not call.front and is_openai_error(document):
        if body is not raw and body != raw:
            ctx.response_headers.discard("content-length")
            ctx.replace_response_body(body)
        return
    error = codec.error(status, document) if codec and isinstance(document, dict) else None
    if error is None:
        error = from_anything(status, body, document)
    log.warn("upstream answered with status %d: %s", status, error.message)
    become(ctx, error)
    ctx.replace_response_body(fronts.error_body(ctx, error))


def _codec(provider: Provider, call: Call) -> Codec | None:
    """What reads the answer. A front has to have it read even where it is the pivot's protocol already."""
    return provider.row.codecs.get(call.api) or (openai_chat if call.front else None)


def _document(raw: bytes) -> dict[str, object]:
    try:
        document = loads(raw)
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
