"""`retryOnFailure`: a request that failed is made again with another token before its client sees the failure.

The same request, of any API, goes to the same service: same path, headers and body, but for the credential. A token is
never used twice, and nothing is retried once the client has got a byte: answers of a failing status are held, an
answer that turns out to be an error is still in hand, and the headers of a stream wait for its first event. The new
answer comes in one piece, also that of a stream. Uploads that pass unread are not kept, and so not repeated.
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

# Of the client's request as it went upstream: what concerns the connection or the gateway only.
_NOT_REPEATED = ("connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade")

Finish = Callable[[HttpAnswer], None]
"""Gives the client the new answer. Raises `ApiError` if it is no good after all."""


def keep_request(provider: Provider, exchange: Exchange, body: bytes) -> None:
    """Keep what a retry needs, if there can be one."""
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
    """Whether a request that has failed like this is to be made once more."""
    retry, attempts = provider.settings.retry_on_failure, exchange.attempts
    return (
        retry is not None
        and attempts is not None
        and status in retry.retry_on_status
        and len(attempts.used_tokens) < retry.max_retries
        and provider.tokens.another(exchange.tokens) != ""
    )


def record_outcome(ctx: HttpContext, provider: Provider, exchange: Exchange, status: int, wait: str = "") -> None:
    """Say how the provider has answered to the token of the call. `wait` is its `retry-after`."""
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
    """Make the request again, as often as it takes and may. In the end either `finish` or `give_up` is called."""
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
    """The request as it went upstream, with the new token in the place of the old one."""
    asked = ctx.request_headers
    headers = {
        name: asked.get(name, "")
        for name in asked
        if not name.startswith((":", "x-envoy-")) and name not in _NOT_REPEATED
    }
    auth, path = provider.row.credentials.auth, asked.get(":path", "/")
    if auth is not None and auth.in_query:
        path = addressing.with_key(path, auth, exchange.secrets.token)
    elif auth is not None:
        headers[auth.header] = auth.prefix + exchange.secrets.token
    sent = Outgoing(asked.get(":method", "POST"), asked.get(":authority", ""), path, body)
    if provider.row.credentials.sign is not None:
        signed = provider.row.credentials.sign(provider.settings, sent)
        exchange.secrets.signature = signature(signed)
        headers |= signed
    return sent, headers
