"""Between the gateway and `response`: failures are counted, and a request that failed may be made again first."""

from __future__ import annotations

from proxywasm import Action, HttpAnswer, HttpContext

from . import response, retry
from .call import Call
from .errors import ApiError
from .provider import Provider
from .request import BODY_LIMIT
from .streams import CheckedStream, ConvertedStream

_HELD = "failure is held"
_UNREAD = "answer is not read yet"

# Of the new answer: what concerns the connection that it came by.
_NOT_PASSED_ON = ("connection", "content-length", "keep-alive", "transfer-encoding")


def on_headers(ctx: HttpContext, provider: Provider, call: Call) -> Action | None:
    status = int(ctx.response_headers.get(":status", "0"))
    wanted = retry.wanted(provider, call, status)
    if status < 400 and provider.tokens.health is None and not wanted:
        return response.on_headers(ctx, provider, call)
    if not ctx.is_response_from_upstream() or ctx.is_websocket():
        return response.on_headers(ctx, provider, call)
    wait = ctx.response_headers.get("retry-after", "")
    if not wanted:
        action = response.on_headers(ctx, provider, call)
        if 200 <= status < 300 and action is Action.STOP_ITERATION:
            ctx.set_context(_UNREAD, True)  # It may still turn out to be an error.
        else:
            retry.account(ctx, provider, call, status, wait)
        return action
    retry.account(ctx, provider, call, status, wait)
    if ctx.has_response_body and not ctx.is_binary_response_body():
        # Headers that are held for the body can still be changed when the retry fails as well.
        ctx.set_context(_HELD, True)
        ctx.set_response_body_buffer_limit(BODY_LIMIT)
        ctx.buffer_response_body()
        return Action.STOP_ITERATION

    def give_up() -> None:
        response.on_headers(ctx, provider, call)
        _resume(ctx)

    retry.start(ctx, provider, call, _finish(ctx, provider, call), give_up)
    return None if ctx.replied else Action.PAUSE


def on_body(ctx: HttpContext, provider: Provider, call: Call, raw: bytes) -> Action | None:
    status = int(ctx.response_headers.get(":status", "0"))
    if not ctx.get_context(_HELD):
        return _converted(ctx, provider, call, raw)

    def give_up() -> None:
        if response.is_explained(call, status):
            response.on_body(ctx, provider, call, raw)
        _resume(ctx)

    retry.start(ctx, provider, call, _finish(ctx, provider, call), give_up)
    return None if ctx.replied else Action.PAUSE


def on_first_chunk(
    ctx: HttpContext, provider: Provider, call: Call, stream: CheckedStream | ConvertedStream, chunk: bytes, last: bool
) -> bytes | Action:
    """A chunk of a stream of which the client has seen nothing yet."""

    def on_error(error: ApiError) -> bool:
        if ctx.get_context(_UNREAD):
            retry.account(ctx, provider, call, error.status)
        if not retry.wanted(provider, call, error.status):
            return False
        retry.start(ctx, provider, call, _finish(ctx, provider, call), lambda: response.answer_anew(ctx, error))
        return True

    output = response.on_first_chunk(ctx, stream, chunk, last, on_error=on_error)
    failure = stream.failure
    if stream.begun and (failure is None or stream.said) and ctx.get_context(_UNREAD):
        retry.account(ctx, provider, call, failure.status if failure else 200)
    return output


def _converted(ctx: HttpContext, provider: Provider, call: Call, raw: bytes) -> Action | None:
    """An answer of status 200 may still be an error, which its reader finds out."""
    paused = False
    outcome = int(ctx.response_headers.get(":status", "0"))

    def on_error(error: ApiError) -> bool:
        nonlocal paused, outcome
        outcome = 0
        retry.account(ctx, provider, call, error.status)
        if not retry.wanted(provider, call, error.status):
            return False

        def give_up() -> None:
            response.fail(ctx, error)
            _resume(ctx)

        paused = True
        retry.start(ctx, provider, call, _finish(ctx, provider, call), give_up)
        return True

    response.on_body(ctx, provider, call, raw, on_error=on_error)
    if outcome and ctx.get_context(_UNREAD):
        retry.account(ctx, provider, call, outcome)
    return Action.PAUSE if paused and not ctx.replied else None


def _finish(ctx: HttpContext, provider: Provider, call: Call) -> retry.Finish:
    def finish(answer: HttpAnswer) -> None:
        content_type, body = response.whole(provider, call, answer)
        headers = {
            name: answer.headers.get(name, "")
            for name in answer.headers
            if not name.startswith(":") and name not in _NOT_PASSED_ON
        }
        if content_type:
            headers["content-type"] = content_type
        ctx.send_http_response(answer.status, {**headers, **call.answer_headers}, body)

    return finish


def _resume(ctx: HttpContext) -> None:
    if not ctx.replied:
        ctx.resume_http_response()
