"""`retryOnFailure`: repeats a failed request with another token before the client sees the failure.

A retry is the same request to the same service, of any API: only the credential changes. No token is used twice, and
nothing is retried after the client has received a byte: answers with an error status are held, whole answers are
buffered, and the headers of a stream wait for its first event. The answer of a retry is always whole, also that of a
stream. Uploads that pass unread are not kept, so they are not retried.
"""

from __future__ import annotations

from collections.abc import Callable

from proxywasm import ClusterClient, HttpAnswer, HttpCallError, HttpContext, RouteCluster, log

from ..credentials.secrets import signature
from ..credentials.signing.outgoing import Outgoing
from ..protocols.exchange import Attempts, Exchange
from ..providers.row import Provider
from ..wire import lenient
from ..wire.errors import ApiError
from . import addressing

# Headers of the request that belong to its connection or are set by the gateway.
_NOT_REPEATED = ("connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade")

Finish = Callable[[HttpAnswer], None]
"""Sends the answer of the retry to the client. Raises `ApiError` if the answer is not usable."""


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
            exchange.attempts = Attempts(body)
        else:
            log.warn("the request will not be made again if it fails: too many large ones are kept")


def is_possible(provider: Provider, exchange: Exchange, status: int) -> bool:
    """Whether a request that failed with this status is retried."""
    retry, attempts = provider.settings.retry_on_failure, exchange.attempts
    return (
        retry is not None
        and attempts is not None
        and status in retry.retry_on_status
        and len(attempts.used_tokens) < retry.max_retries
        and provider.tokens.another(exchange.tokens) != ""
    )


def record_outcome(ctx: HttpContext, provider: Provider, exchange: Exchange, status: int, wait: str = "") -> None:
    """Record the status of an answer for the token of the request. `wait` is the answer's `retry-after`."""
    if wait and status >= 400:
        provider.tokens.rest(exchange.secrets.token, lenient.digits(wait))
    health = provider.tokens.health
    if health is None or not exchange.secrets.token:
        return
    if 200 <= status < 300:
        health.worked(exchange.secrets.token)
    else:
        cluster = ctx.get_property("cluster_name") or b""
        health.failed(exchange.secrets.token, status, cluster.decode(errors="replace"))


def start(
    ctx: HttpContext, provider: Provider, exchange: Exchange, finish: Finish, give_up: Callable[[], None]
) -> None:
    """Retry the request until it succeeds or no retry is left. Calls either `finish` or `give_up`."""
    retry, attempts = provider.settings.retry_on_failure, exchange.attempts
    assert retry is not None
    assert attempts is not None
    attempts.used_tokens.append(exchange.secrets.token)
    exchange.secrets.token = provider.tokens.another(attempts.used_tokens)
    sent, headers = _repeated_request(ctx, provider, exchange, attempts.sent_body)
    log.warn("attempt %d failed, trying another token", len(attempts.used_tokens))

    def answered(answer: HttpAnswer) -> None:
        status = answer.status
        if 200 <= status < 300:
            try:
                finish(answer)
            except ApiError as error:
                status = error.status
        record_outcome(ctx, provider, exchange, status, answer.headers.get("retry-after", ""))
        if ctx.replied:
            return
        if is_possible(provider, exchange, status):
            start(ctx, provider, exchange, finish, give_up)
        else:
            log.warn("attempt %d failed with status %d", len(attempts.used_tokens) + 1, status)
            give_up()

    try:
        ClusterClient(RouteCluster(sent.host)).request(
            sent.method, sent.path, answered, headers=headers, body=sent.body, timeout_ms=retry.retry_timeout
        )
    except HttpCallError as error:
        log.error("the request cannot be made again: %s", error)
        give_up()


def _repeated_request(
    ctx: HttpContext, provider: Provider, exchange: Exchange, body: bytes
) -> tuple[Outgoing, dict[str, str]]:
    """The request as it was sent upstream, with the new token."""
    sent_headers = ctx.request_headers
    headers = {
        name: sent_headers.get(name, "")
        for name in sent_headers
        if not name.startswith((":", "x-envoy-")) and name not in _NOT_REPEATED
    }
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
