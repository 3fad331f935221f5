"""A response on its way to the client."""

from __future__ import annotations

from typing import Final

from proxywasm import Action, HttpContext, log

from . import apis
from .call import Call
from .errors import ApiError, bad_upstream, from_anything, is_openai_error, parse
from .jsonx import dump_bytes, loads
from .provider import Codec, Provider
from .request import BODY_LIMIT
from .streams import CheckedStream, ConvertedStream

RESPONSE_FAILED: Final = "ai-proxy.proc_resp_body_failed"

# Where answers that nobody converts are at least looked at, so that garbage and cut streams become errors.
_CHECKED: Final = frozenset({apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS})

# Of an error that has to be answered anew: what a client's retry and a support case need.
_KEPT_HEADERS: Final = ("retry-after", "x-request-id")


def on_headers(ctx: HttpContext, provider: Provider, call: Call) -> Action | None:
    status = int(ctx.response_headers.get(":status", "0"))
    codec = provider.row.codecs.get(call.api)
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
    if not ctx.has_response_body or (codec is None and call.api not in _CHECKED):
        ctx.dont_read_response_body()
        return None
    if ctx.is_binary_response_body():
        if codec:
            _answer_anew(ctx, bad_upstream("the upstream's answer is compressed although that was not asked for"))
        return None
    if headers.get("content-type", "").lstrip().lower().startswith("text/event-stream"):
        ctx.set_context("stream", ConvertedStream(call, codec) if codec else CheckedStream())
    else:
        ctx.set_response_body_buffer_limit(BODY_LIMIT)
        ctx.buffer_response_body()
    # The headers wait for the body, or for a stream's first piece: only then is it known whether it is an error.
    return Action.STOP_ITERATION


def on_body(ctx: HttpContext, provider: Provider, call: Call, raw: bytes) -> None:
    codec = provider.row.codecs.get(call.api)
    status = int(ctx.response_headers.get(":status", "0"))
    try:
        if status >= 400:
            _explain(ctx, call, codec, status, raw)
        elif codec is None:
            if not _looks_like_json(raw):
                raise bad_upstream("the upstream answered with something other than a JSON object")
        else:
            ctx.replace_response_body(dump_bytes(codec.response(call, _document(raw))))
    except ApiError as error:
        log.error("%s: response of status %d not usable: %s: %r", RESPONSE_FAILED, status, error.message, raw[:200])
        become(ctx, error)
        ctx.replace_response_body(error.body())


def on_chunk(ctx: HttpContext, stream: ConvertedStream | CheckedStream, chunk: bytes, last: bool) -> bytes:
    first, failed = stream.fresh, stream.failure is not None
    output = stream.feed(chunk, last=last)
    error = stream.failure
    if error is None or failed:
        return output
    log.error("%s: stream not usable: %s", RESPONSE_FAILED, error.message)
    if first and not stream.said:
        # The headers are still here.
        become(ctx, error)
        return error.body()
    return output


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
        _answer_anew(ctx, ApiError(status, f"the upstream answered with status {status}"))
        return None
    ctx.set_response_body_buffer_limit(BODY_LIMIT)
    ctx.buffer_response_body()
    return Action.STOP_ITERATION


def _answer_anew(ctx: HttpContext, error: ApiError) -> None:
    log.error("%s: %s", RESPONSE_FAILED, error.message)
    kept = {name: value for name in _KEPT_HEADERS if (value := ctx.response_headers.get(name))}
    ctx.send_http_response(
        error.status, {"content-type": "application/json", **kept}, error.body(), details=RESPONSE_FAILED
    )


def _explain(ctx: HttpContext, call: Call, codec: Codec | None, status: int, raw: bytes) -> None:
    """The upstream's error as an OpenAI error object. One that is one already stays as it is."""
    token = call.token.encode()
    body = raw.replace(token, b"***") if len(token) >= 8 else raw  # Some services repeat the key they refuse.
    document = parse(body)
    if is_openai_error(document):
        if body is not raw and body != raw:
            ctx.response_headers.discard("content-length")
            ctx.replace_response_body(body)
        return
    error = codec.error(status, document) if codec and isinstance(document, dict) else None
    if error is None:
        error = from_anything(status, body, document)
    log.warn("upstream answered with status %d: %s", status, error.message)
    become(ctx, error)
    ctx.replace_response_body(error.body())


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
