"""The response phases: records failures of tokens, and retries failed requests before `response` handles an answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from proxywasm import Action, Headers, HttpContext, log

from ..protocols.exchange import Attempts, Exchange, Failure, Fallback, RefusalWatch
from ..wire import apis, lenient, limits, waits
from ..wire.errors import LAST_STATUS, ApiError, answer_broken, of_service
from . import failures, native_refusals, refused_answers, response, retry, scrubbing, stored_responses, usage
from .passed_streams import PassedStream
from .plans import Config, Plan
from .response import HeldStream

_STATUSES: Final = {str(status): status for status in range(100, LAST_STATUS + 1)}


def on_headers(ctx: HttpContext, config: Config) -> Action | None:
    exchange: Exchange | None = ctx.get_context("exchange")
    if exchange is None or config.plans is None or ctx.replied:
        ctx.dont_read_response_body()
        return None
    plan, headers = config.plans[exchange.api], ctx.response_headers
    provider, secrets = plan.provider, exchange.secrets
    if exchange.attempts is not None or secrets.signature or secrets.token != provider.fixed_token:
        # Otherwise the exchange keeps the scrubber for the configured credentials.
        secrets.scrubber = provider.scrubbers.of(exchange.tokens, secrets.signature)
    try:
        scrubbing.scrub_headers(headers, exchange)
    except ApiError as error:
        failures.send_error(ctx, error)
        return None
    exchange.answer.status = status = _STATUSES.get(headers.get(":status", "")) or _unusual_status(headers)
    attempts = exchange.attempts
    if attempts is not None and attempts.fallback is not None:
        return _on_routed_headers(ctx, plan, exchange, attempts, attempts.fallback)
    if attempts is None or not retry.is_possible(provider, exchange, Failure(status)):
        if status < 400 and provider.tokens.health is None:
            return response.choose_reading(ctx, plan, exchange)  # The usual case.
        return _read_and_record(ctx, plan, exchange)
    if not ctx.is_response_from_upstream() or ctx.is_websocket():
        return response.choose_reading(ctx, plan, exchange)
    return _retry_failure(ctx, plan, exchange, attempts, Failure(status))


def _on_routed_headers(
    ctx: HttpContext, plan: Plan, exchange: Exchange, attempts: Attempts, fallback: Fallback
) -> Action | None:
    """An answer to a request that other providers could answer, too."""
    failure = Failure(exchange.answer.status)
    fails = failure.status >= 400 and not ctx.is_websocket()
    if fails and (ctx.is_response_from_upstream() or fallback.gateway_failed(ctx)):
        if fallback.may_say_more(failure.status) or retry.is_possible(plan.provider, exchange, failure):
            return _retry_failure(ctx, plan, exchange, attempts, failure)
    elif not fails:
        fallback.arrived(ctx)
        if fallback.watches_content and (exchange.api == apis.CHAT or exchange.api in native_refusals.CHATS):
            exchange.answer.watch = RefusalWatch()
    ctx.response_headers.update(fallback.headers)
    action = _read_and_record(ctx, plan, exchange)
    if not fails and action is Action.STOP_ITERATION and awaits_first_event(ctx):
        fallback.watch(ctx)
    return action


def _read_and_record(ctx: HttpContext, plan: Plan, exchange: Exchange) -> Action | None:
    """Handle an answer that is not retried, and record its outcome for the token, as soon as that is known."""
    if not ctx.is_response_from_upstream() or ctx.is_websocket():
        return response.choose_reading(ctx, plan, exchange)
    answer = exchange.answer
    wait = waits.asked(ctx.response_headers, answer.status) if answer.status >= 400 else 0.0
    action = response.choose_reading(ctx, plan, exchange)
    if 200 <= answer.status < 300 and action is Action.STOP_ITERATION and not answer.passes_through:
        answer.outcome_pending = True
    else:
        retry.record_outcome(ctx, plan.provider, exchange, answer.status, wait)
    return action


def _retry_failure(
    ctx: HttpContext, plan: Plan, exchange: Exchange, attempts: Attempts, failure: Failure
) -> Action | None:
    """Make the request again after a failure, when its body has been read."""
    wait = waits.asked(ctx.response_headers, failure.status)
    retry.record_outcome(ctx, plan.provider, exchange, failure.status, wait)
    if _needs_no_body(ctx, attempts.fallback, failure):
        # The service may break it off.
        return _retry(
            ctx, plan, exchange, failure, lambda: failures.send_error(ctx, failures.status_only(failure.status))
        )
    if ctx.has_response_body and not ctx.is_binary_response_body():
        # Headers that wait for the body can still be changed if the retry fails, too.
        attempts.awaiting_retry = True
        ctx.set_response_body_buffer_limit(limits.ERROR_BODY)
        ctx.buffer_response_body()
        return Action.STOP_ITERATION

    if not retry.is_possible(plan.provider, exchange, failure):
        return response.choose_reading(ctx, plan, exchange)
    return _retry(ctx, plan, exchange, failure, lambda: response.choose_reading(ctx, plan, exchange))


def _needs_no_body(ctx: HttpContext, fallback: Fallback | None, failure: Failure) -> bool:
    """Whether the status decides, and the client will never see this answer."""
    return fallback is not None and ctx.can_send_again and not fallback.may_say_more(failure.status)


def _unusual_status(headers: Headers) -> int:
    """Clients do not know statuses above 599, which services can send."""
    status = lenient.digits(headers.get(":status"))
    if status > LAST_STATUS:
        log.warn("the upstream answered with status %d", status)
        headers[":status"] = "502"
        return 502
    return status


def on_body(ctx: HttpContext, config: Config, raw: bytes) -> Action | None:
    exchange: Exchange = ctx.get_context("exchange")
    assert config.plans is not None, "bodies are only read if there is an active provider"
    plan = config.plans[exchange.api]
    if exchange.answer.status >= 400:
        retry.note_wait(plan, exchange, raw)
    if exchange.answer.passes_through:
        scrubbing.pass_body(ctx, exchange, raw)
        if exchange.api == apis.RESPONSES:
            retry.note_maker(exchange, raw)
        if exchange.answer.watch is not None:
            native_refusals.watch_answer(exchange.answer.watch, exchange.api, raw)
            if is_refused(plan, exchange):
                return _retry(ctx, plan, exchange, refused_answers.failure(), lambda: None)
        usage.write(ctx, plan.provider, exchange)
        return None
    if exchange.attempts is not None and exchange.attempts.awaiting_retry:
        return _after_failure(ctx, plan, exchange, exchange.attempts, raw)
    error = response.convert_body(ctx, plan, exchange, raw)
    if error is None:
        if exchange.answer.outcome_pending:
            retry.record_outcome(ctx, plan.provider, exchange, exchange.answer.status)
        if is_refused(plan, exchange):
            give_up = partial(stored_responses.hold_answer, ctx, plan.provider, exchange)
            return _retry(ctx, plan, exchange, refused_answers.failure(), give_up)
        usage.write(ctx, plan.provider, exchange)
        return None if exchange.kept_responses is None else stored_responses.hold_answer(ctx, plan.provider, exchange)
    return _on_unusable_answer(ctx, plan, exchange, error)


def _after_failure(ctx: HttpContext, plan: Plan, exchange: Exchange, attempts: Attempts, raw: bytes) -> Action | None:
    """The body of a failure has arrived. The client gets it if the retry fails, too."""
    status = exchange.answer.status
    failure = Failure(status) if attempts.fallback is None else Failure(status, failures.error_of(plan, exchange, raw))

    def pass_on() -> None:
        exchange.answer.status = status  # A later attempt may have had another one.
        if attempts.fallback is not None:
            ctx.response_headers.update(attempts.fallback.headers)
        if status >= 400 and plan.answer.rewrites_errors and ctx.is_response_from_upstream():
            response.convert_body(ctx, plan, exchange, raw)
        else:
            scrubbing.pass_body(ctx, exchange, raw)

    if not retry.is_possible(plan.provider, exchange, failure):
        pass_on()
        return None
    return _retry(ctx, plan, exchange, failure, pass_on)


def is_refused(plan: Plan, exchange: Exchange) -> bool:
    """Whether a content filter has refused the answer, and another provider may give one."""
    watch = exchange.answer.watch
    return watch is not None and watch.refused and retry.is_possible(plan.provider, exchange, refused_answers.failure())


def _on_unusable_answer(ctx: HttpContext, plan: Plan, exchange: Exchange, error: ApiError) -> Action | None:
    """An answer with a good status is an error or invalid."""
    error = of_service(error)
    retry.record_outcome(ctx, plan.provider, exchange, error.status)
    failure = Failure(error.status, error, unusable=True)
    if not retry.is_possible(plan.provider, exchange, failure):
        failures.replace_body(ctx, error)
        return None

    return _retry(ctx, plan, exchange, failure, lambda: failures.replace_body(ctx, error))


def on_too_large(ctx: HttpContext, config: Config) -> None:
    """The answer is larger than the buffer."""
    exchange: Exchange = ctx.get_context("exchange")
    assert config.plans is not None, "bodies are only read if there is an active provider"
    error = response.too_large_error(config.plans[exchange.api], exchange)
    if exchange.answer.outcome_pending:
        retry.record_outcome(ctx, config.plans.provider, exchange, error.status)
    failures.send_error(ctx, error)


def on_chunk(ctx: HttpContext, config: Config, chunk: bytes, last: bool) -> bytes | Action:
    stream: HeldStream | PassedStream | None = ctx.get_context("stream")
    if stream is None or config.plans is None:
        return chunk
    output: bytes | Action
    if stream.headers_sent or not isinstance(stream, HeldStream):
        output = stream.feed(chunk, last=last)
    else:
        exchange: Exchange = ctx.get_context("exchange")
        output = _on_first_chunk(ctx, config.plans[exchange.api], exchange, stream, chunk, last)
    if (last or stream.ended) and isinstance(output, bytes):
        ended: Exchange = ctx.get_context("exchange")
        usage.write_of_stream(ctx, config.plans.provider, ended)
        if ended.kept_responses is not None:
            output = stored_responses.hold_end(ctx, config.plans.provider, ended, output, last=last)
    return output


def _on_first_chunk(
    ctx: HttpContext, plan: Plan, exchange: Exchange, stream: HeldStream, chunk: bytes, last: bool
) -> bytes | Action:
    """A chunk of a stream whose headers have not been sent to the client."""
    if stream.failure is not None or (exchange.attempts is not None and exchange.attempts.under_way):
        return Action.STOP_ITERATION
    output = response.feed_first_chunk(ctx, exchange, stream, chunk, last)
    error = stream.failure
    if output is not None:
        if exchange.answer.outcome_pending:
            retry.record_outcome(ctx, plan.provider, exchange, error.status if error else 200)
        if error is None and exchange.answer.watch is not None and is_refused(plan, exchange):
            return _after_refusal(ctx, plan, exchange, stream, output, last=last)
        return output
    if error is None:
        return Action.STOP_ITERATION
    if exchange.answer.outcome_pending:
        retry.record_outcome(ctx, plan.provider, exchange, error.status)
    failure = Failure(error.status, error, unusable=True)
    if retry.is_possible(plan.provider, exchange, failure):
        retry.start(ctx, plan, exchange, failure, lambda: failures.send_error(ctx, error))
        return Action.STOP_ITERATION
    stream.headers_sent = True
    return failures.set_error(ctx, error)


def _after_refusal(
    ctx: HttpContext,
    plan: Plan,
    exchange: Exchange,
    stream: HeldStream,
    output: bytes,
    *,
    last: bool,
) -> Action:
    """A content filter has refused the answer of a stream. The client gets it if no other provider has one."""

    def give_up() -> None:
        rest = b"" if last else stream.feed(b"", last=True)
        headers = [pair for pair in ctx.response_headers.fields() if pair[0] not in (":status", "content-length")]
        send = partial(ctx.send_http_response, exchange.answer.status, headers)
        stored_responses.keep(plan.provider, exchange, output + rest, send)

    stream.headers_sent = False
    retry.start(ctx, plan, exchange, refused_answers.failure(), give_up)
    return Action.STOP_ITERATION


def _retry(
    ctx: HttpContext, plan: Plan, exchange: Exchange, failure: Failure, give_up: Callable[[], object]
) -> Action | None:
    """Make the request again; the response waits for the outcome."""
    waits = False
    action: object = None

    def gave_up() -> None:
        nonlocal action
        assert exchange.attempts is not None
        exchange.attempts.under_way = False
        action = give_up()
        if waits and action is not Action.PAUSE and not ctx.replied:
            ctx.resume_http_response()

    retry.start(ctx, plan, exchange, failure, gave_up)
    assert exchange.attempts is not None
    waits = exchange.attempts.under_way
    return Action.PAUSE if waits or action is Action.PAUSE else None


def awaits_first_event(ctx: HttpContext) -> bool:
    """Whether the headers of a stream are held until its first event has arrived."""
    stream: HeldStream | PassedStream | None = ctx.get_context("stream")
    if not isinstance(stream, HeldStream) or ctx.ended or ctx.replied:
        return False
    return not stream.headers_sent and stream.failure is None


def on_late(ctx: HttpContext) -> None:
    """The first event of a stream has not arrived in time, which the gateway does not notice."""
    exchange: Exchange = ctx.get_context("exchange")
    stream: HeldStream = ctx.get_context("stream")
    config: Config = ctx.config
    assert config.plans is not None, "only an answer of a provider is awaited"
    plan, attempts = config.plans[exchange.api], exchange.attempts
    assert attempts is not None, "only requests with a fallback are watched"
    assert attempts.fallback is not None
    stream.failure = error = answer_broken(late=True)
    retry.record_outcome(ctx, plan.provider, exchange, error.status)
    attempts.fallback.is_late()
    failure = Failure(error.status, error, unusable=True)
    if retry.is_possible(plan.provider, exchange, failure):
        retry.start(ctx, plan, exchange, failure, lambda: failures.send_error(ctx, error))
    else:
        failures.send_error(ctx, error)


def on_broken(ctx: HttpContext, config: Config) -> Action | None:
    """No more of the answer comes, and the client has got none of it."""
    exchange: Exchange | None = ctx.get_context("exchange")
    if exchange is None or config.plans is None:
        return None
    plan, attempts = config.plans[exchange.api], exchange.attempts
    if attempts is not None and attempts.under_way:
        return Action.PAUSE
    error = answer_broken(late=failures.is_late(ctx))
    retry.record_outcome(ctx, plan.provider, exchange, error.status)
    failure = Failure(error.status, error, unusable=True)
    if attempts is not None and attempts.fallback is not None:
        attempts.fallback.gateway_failed(ctx)
    if not retry.is_possible(plan.provider, exchange, failure):
        failures.send_error(ctx, error)
        return None
    return _retry(ctx, plan, exchange, failure, lambda: failures.send_error(ctx, error))
