"""Between the gateway and `response`: failures are counted, and a request that failed may be made again first."""

from __future__ import annotations

from collections.abc import Callable

from proxywasm import Action, HttpAnswer, HttpContext, log

from ..configuration import Config
from ..protocols.exchange import Call
from ..wire import lenient, limits
from ..wire.errors import LAST_STATUS, ApiError
from . import failures, leaving, response, retry
from .passed_streams import PassedStream
from .plans import Plan
from .streams import CheckedStream, ConvertedStream

# Of the new answer: what concerns the connection that it came by.
_NOT_PASSED_ON = ("connection", "content-length", "keep-alive", "transfer-encoding")


def on_headers(ctx: HttpContext, config: Config) -> Action | None:
    call: Call | None = ctx.get_context("call")
    if call is None or config.plans is None or ctx.replied:
        ctx.dont_read_response_body()
        return None
    plan = config.plans[call.api]
    call.scrubber = plan.provider.scrubbers.of(call.tokens, call.signature)
    try:
        leaving.headers(ctx, call)
    except ApiError as error:
        failures.answer_anew(ctx, error)
        return None
    call.status = status = _status(ctx)
    wanted = call.sent is not None and retry.wanted(plan.provider, call, status)
    if status < 400 and not wanted and plan.provider.tokens.health is None:
        return response.on_headers(ctx, plan, call)
    if not ctx.is_response_from_upstream() or ctx.is_websocket():
        return response.on_headers(ctx, plan, call)
    wait = ctx.response_headers.get("retry-after", "")
    if not wanted:
        action = response.on_headers(ctx, plan, call)
        if 200 <= status < 300 and action is Action.STOP_ITERATION and not call.passes:
            call.undecided = True
        else:
            retry.account(ctx, plan.provider, call, status, wait)
        return action
    retry.account(ctx, plan.provider, call, status, wait)
    if ctx.has_response_body and not ctx.is_binary_response_body():
        # Headers that are held for the body can still be changed when the retry fails as well.
        call.held = True
        ctx.set_response_body_buffer_limit(limits.ERROR_BODY)
        ctx.buffer_response_body()
        return Action.STOP_ITERATION

    def give_up() -> None:
        response.on_headers(ctx, plan, call)
        _resume(ctx)

    return _again(ctx, plan, call, give_up)


def _status(ctx: HttpContext) -> int:
    """That of the answer. No client knows what one beyond 599 is to mean, which a service may send as well."""
    status = lenient.digits(ctx.response_headers.get(":status"))
    if status > LAST_STATUS:
        log.warn("the upstream answered with status %d", status)
        ctx.response_headers[":status"] = "502"
        return 502
    return status


def on_body(ctx: HttpContext, config: Config, raw: bytes) -> Action | None:
    call: Call = ctx.get_context("call")
    assert config.plans is not None, "nothing is read where requests pass as they are"
    plan = config.plans[call.api]
    if call.passes:
        leaving.passed_body(ctx, call, raw)
        return None
    if call.held:

        def pass_on() -> None:
            if call.status >= 400 and plan.explained:
                response.on_body(ctx, plan, call, raw)
            else:
                leaving.passed_body(ctx, call, raw)
            _resume(ctx)

        return _again(ctx, plan, call, pass_on)
    error = response.on_body(ctx, plan, call, raw)
    if error is None:
        if call.undecided:
            retry.account(ctx, plan.provider, call, call.status)
        return None
    retry.account(ctx, plan.provider, call, error.status)
    if not retry.wanted(plan.provider, call, error.status):
        failures.replace(ctx, error)
        return None

    def give_up() -> None:
        failures.replace(ctx, error)
        _resume(ctx)

    return _again(ctx, plan, call, give_up)


def on_too_large(ctx: HttpContext, config: Config) -> None:
    """The service answers with more than is buffered."""
    call: Call = ctx.get_context("call")
    assert config.plans is not None, "nothing is read where requests pass as they are"
    error = response.too_large(config.plans[call.api], call)
    if call.undecided:
        retry.account(ctx, config.plans.provider, call, error.status)
    failures.answer_anew(ctx, error)


def on_chunk(ctx: HttpContext, config: Config, chunk: bytes, last: bool) -> bytes | Action:
    stream: CheckedStream | ConvertedStream | PassedStream | None = ctx.get_context("stream")
    if stream is None or config.plans is None:
        return chunk
    if stream.begun or not isinstance(stream, (CheckedStream, ConvertedStream)):
        return stream.feed(chunk, last=last)
    call: Call = ctx.get_context("call")
    return _on_first_chunk(ctx, config.plans[call.api], call, stream, chunk, last)


def _on_first_chunk(
    ctx: HttpContext, plan: Plan, call: Call, stream: CheckedStream | ConvertedStream, chunk: bytes, last: bool
) -> bytes | Action:
    """A chunk of a stream of which the client has seen nothing yet."""
    if stream.failure is not None:
        return Action.STOP_ITERATION  # The request is being made again.
    output = response.on_first_chunk(ctx, call, stream, chunk, last)
    error = stream.failure
    if output is not None:
        if call.undecided:
            retry.account(ctx, plan.provider, call, error.status if error else 200)
        return output
    if error is None:
        return Action.STOP_ITERATION
    if call.undecided:
        retry.account(ctx, plan.provider, call, error.status)
    if retry.wanted(plan.provider, call, error.status):
        finish = _finish(ctx, plan, call)
        retry.start(ctx, plan.provider, call, finish, lambda: failures.answer_anew(ctx, error))
        return Action.STOP_ITERATION
    stream.begun = True
    return failures.become(ctx, error)


def _again(ctx: HttpContext, plan: Plan, call: Call, give_up: Callable[[], None]) -> Action | None:
    """Make the request again; the response waits for how that ends."""
    retry.start(ctx, plan.provider, call, _finish(ctx, plan, call), give_up)
    return None if ctx.replied else Action.PAUSE


def _finish(ctx: HttpContext, plan: Plan, call: Call) -> retry.Finish:
    def finish(answer: HttpAnswer) -> None:
        call.scrubber = plan.provider.scrubbers.of(call.tokens, call.signature)
        content_type, body = response.whole(plan, call, answer)
        headers = {
            name: answer.headers.get(name, "")
            for name in answer.headers
            if not name.startswith(":") and name not in _NOT_PASSED_ON
        }
        if content_type:
            headers["content-type"] = content_type
        headers |= call.answer_headers
        ctx.send_http_response(answer.status, leaving.fields(call, [*headers.items()]), body)

    return finish


def _resume(ctx: HttpContext) -> None:
    if not ctx.replied:
        ctx.resume_http_response()
