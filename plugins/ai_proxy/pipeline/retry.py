"""`retryOnFailure`: repeats a failed request with another token before the client sees the failure.

A retry is the same request to the same service, of any API: only the credential changes. No token is used twice, and
nothing is retried after the client has received a byte: answers with an error status are held, whole answers are
buffered, and the headers of a stream wait for its first event. The answer of a retry is always whole, also that of a
stream. Uploads that pass unread are not kept, so they are not retried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from proxywasm import ClusterClient, Headers, HttpAnswer, HttpCallError, HttpContext, RouteCluster, log

from ..credentials.secrets import signature
from ..credentials.signing.outgoing import Outgoing
from ..protocols.exchange import Answer, Attempts, Exchange, Failure
from ..providers.row import Provider
from ..wire import apis, lenient, waits
from ..wire.errors import ApiError, parse
from . import addressing, failures, refused_answers, whole_answers
from .plans import Plan

# Headers of the request that belong to its connection or are set by the gateway.
_NOT_REPEATED = ("connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade")


def keep_request(provider: Provider, exchange: Exchange, body: bytes) -> None:
    """Keep the body for a retry, if one is possible."""
    retry = provider.settings.retry_on_failure
    if (
        retry is not None
        and retry.enabled
        and exchange.secrets.token
        and provider.tokens.another((exchange.secrets.token,))
    ):
        if provider.memory_budget.reserve(exchange, len(body)):
            if exchange.attempts is None:
                exchange.attempts = Attempts()
            exchange.attempts.sent_body = body
        else:
            log.warn("the request will not be made again if it fails: too many large ones are kept")


def is_possible(provider: Provider, exchange: Exchange, failure: Failure) -> bool:
    """Whether a request that failed in this way is made again, with another token or by another provider."""
    attempts = exchange.attempts
    if attempts is None:
        return False
    fallback = attempts.fallback
    return _with_another_token(provider, exchange, attempts, failure) or (
        fallback is not None and fallback.follows(failure)
    )


def _with_another_token(provider: Provider, exchange: Exchange, attempts: Attempts, failure: Failure) -> bool:
    retry, fallback = provider.settings.retry_on_failure, attempts.fallback
    return (
        retry is not None
        and attempts.sent_body is not None
        and failure.status in retry.retry_on_status
        and len(attempts.used_tokens) < retry.max_retries
        and (fallback is None or (fallback.has_budget and not fallback.is_about_request(failure)))
        and provider.tokens.another(exchange.tokens) != ""
    )


def record_outcome(ctx: HttpContext, provider: Provider, exchange: Exchange, status: int, wait: float = 0.0) -> None:
    """Record the status of an answer for the token of the request. `wait`: the seconds that the service asks for."""
    if wait and status >= 400:
        _asked_to_wait(provider, exchange, status, wait)
    health = provider.tokens.health
    if health is None or not exchange.secrets.token:
        return
    if 200 <= status < 300:
        health.worked(exchange.secrets.token)
    else:
        health.failed(exchange.secrets.token, status, _cluster_name(ctx, exchange))


def note_wait(plan: Plan, exchange: Exchange, raw: bytes) -> None:
    """An error has arrived whose body may say how long to wait: Google says it there, and not in a header."""
    if wait := failures.error_of(plan, exchange, raw).retry_after:
        _asked_to_wait(plan.provider, exchange, exchange.answer.status, wait)


def _asked_to_wait(provider: Provider, exchange: Exchange, status: int, wait: float) -> None:
    """The service does not want the token of the request again before these seconds are over."""
    provider.tokens.rest(exchange.secrets.token, wait)
    if exchange.attempts is not None and exchange.attempts.fallback is not None:
        exchange.attempts.fallback.asks_to_wait(status, wait)


def note_maker(exchange: Exchange, raw: bytes) -> None:
    """A service with the Responses API has answered: it may keep the response."""
    attempts = exchange.attempts
    if attempts is not None and attempts.fallback is not None and attempts.fallback.notes_makers:
        attempts.fallback.made(lenient.mapping(parse(raw)).get("id"))


def _cluster_name(ctx: HttpContext, exchange: Exchange) -> str:
    if exchange.attempts is not None and exchange.attempts.cluster is not None:
        return exchange.attempts.cluster.cluster_name
    return (ctx.get_property("cluster_name") or b"").decode(errors="replace")


def start(ctx: HttpContext, plan: Plan, exchange: Exchange, failure: Failure, give_up: Callable[[], None]) -> None:
    """Make the request again until it succeeds or no attempt is left. Either answers the client or calls `give_up`."""
    provider, attempts = plan.provider, exchange.attempts
    assert attempts is not None
    attempts.under_way = True
    fallback = attempts.fallback
    if not _with_another_token(provider, exchange, attempts, failure):
        assert fallback is not None, "without another token there is another provider"
        fallback.start(ctx, give_up)
        return
    retry = provider.settings.retry_on_failure
    assert retry is not None
    assert attempts.sent_body is not None
    if fallback is not None:
        fallback.repeats(failure)
    attempts.used_tokens.append(exchange.secrets.token)
    exchange.secrets.token = provider.tokens.another(attempts.used_tokens)
    sent, headers = _repeated_request(ctx, provider, exchange, attempts.sent_body)
    log.warn("attempt %d failed, trying another token", len(attempts.used_tokens))
    send(ctx, plan, exchange, sent, headers, retry.retry_timeout, give_up)


def send(
    ctx: HttpContext,
    plan: Plan,
    exchange: Exchange,
    sent: Outgoing,
    headers: Mapping[str, str],
    timeout_ms: int,
    give_up: Callable[[], None],
) -> None:
    """Send the request of a later attempt, and handle its answer.

    Where the gateway can send a request in place of the first one, its answer comes to the response phases, as a first
    one does. Elsewhere it is a call-out, and the answer is there as a whole.
    """
    provider, attempts = plan.provider, exchange.attempts
    assert attempts is not None
    if ctx.can_send_again and (attempts.fallback is not None or not ctx.get_property("cluster_name")):
        _send_again(ctx, exchange, attempts, sent, headers)
        return

    def answered(answer: HttpAnswer) -> None:
        exchange.answer.status = answer.status
        failure = _failure(plan, exchange, answer)
        if failure is None:
            try:
                headers, body = whole_answers.convert(plan, exchange, answer)
            except ApiError as error:
                failure = Failure(error.status, error, unusable=True)
        status = answer.status if failure is None else failure.status
        wait = waits.asked(answer.headers, answer.status)
        if not wait and failure is not None and failure.error is not None:
            wait = failure.error.retry_after
        record_outcome(ctx, provider, exchange, status, wait)
        if ctx.replied:
            return
        if failure is None:
            if exchange.api == apis.RESPONSES and not exchange.stream:
                note_maker(exchange, answer.body)
            pass_on = partial(whole_answers.send, ctx, plan, exchange, answer, headers, body)
            watch = exchange.answer.watch
            if watch is not None and watch.refused and is_possible(provider, exchange, refused_answers.failure()):
                start(ctx, plan, exchange, refused_answers.failure(), pass_on)
            else:
                pass_on()
        elif is_possible(provider, exchange, failure):
            start(ctx, plan, exchange, failure, give_up)
        else:
            log.warn("attempt %d failed with status %d", len(attempts.used_tokens) + 1, failure.status)
            give_up()

    try:
        ClusterClient(attempts.cluster or RouteCluster(sent.host)).request(
            sent.method, sent.path, answered, headers=headers, body=sent.body, timeout_ms=timeout_ms
        )
    except HttpCallError as error:
        log.error("the request cannot be made again: %s", error)
        failure = Failure(503)
        if is_possible(provider, exchange, failure) and attempts.fallback is not None:
            start(ctx, plan, exchange, failure, give_up)
        else:
            give_up()


def _send_again(
    ctx: HttpContext, exchange: Exchange, attempts: Attempts, sent: Outgoing, headers: Mapping[str, str]
) -> None:
    """Send this request in place of the one that has failed."""
    exchange.answer = Answer()
    attempts.awaiting_retry = attempts.under_way = False
    ctx.set_context("exchange", exchange)
    ctx.set_context("stream", None)
    ctx.send_again(sent.method, f"https://{sent.host}{sent.path}", headers=headers, body=sent.body)


def _failure(plan: Plan, exchange: Exchange, answer: HttpAnswer) -> Failure | None:
    if 200 <= answer.status < 300:
        return None
    attempts = exchange.attempts
    if attempts is None or attempts.fallback is None:
        return Failure(answer.status)
    return Failure(answer.status, failures.error_of(plan, exchange, answer.body))


def _repeated_request(
    ctx: HttpContext, provider: Provider, exchange: Exchange, body: bytes
) -> tuple[Outgoing, dict[str, str]]:
    """The request as it was sent upstream, with the new token."""
    sent_headers = ctx.request_headers
    if exchange.attempts is not None and exchange.attempts.headers is not None:
        sent_headers = exchange.attempts.headers
    headers = repeated_headers(sent_headers)
    auth, path = provider.row.credentials.auth, sent_headers.get(":path", "/")
    if auth is not None and auth.in_query:
        path = addressing.with_key(path, auth, exchange.secrets.token)
    elif auth is not None:
        headers[auth.header] = auth.prefix + exchange.secrets.token
    sent = Outgoing(sent_headers.get(":method", "POST"), sent_headers.get(":authority", ""), path, body)
    if provider.row.credentials.sign is not None:
        signed = provider.row.credentials.sign(provider.settings, sent)
        exchange.secrets.signature = signature(signed)
        headers |= signed
    return sent, headers


def repeated_headers(sent: Headers) -> dict[str, str]:
    """The headers of a request without those of its connection and of the gateway."""
    return {
        name: sent.get(name, "")
        for name in sent
        if not name.startswith((":", "x-envoy-")) and name not in _NOT_REPEATED
    }
