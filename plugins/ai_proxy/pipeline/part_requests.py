"""Asks a service for each part of a request that it answers one part at a time, such as several texts to embed.

All parts but the last are call-outs, while the stream waits. The last one is the stream's own request, so its answer
takes the usual way, and the service protocol adds the others to it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Final

from proxywasm import Cluster, ClusterClient, HttpAnswer, HttpCallError, HttpContext, RouteCluster, TargetCluster, log

from ..credentials.secrets import signature
from ..protocols.exchange import Exchange
from ..protocols.interface import PartsWanted
from ..wire import limits, waits
from ..wire.errors import ApiError, busy
from ..wire.json import dump_bytes
from . import addressing, documents, failures, retry
from .plans import Plan
from .routing.later_request import LaterRequest

_TIMEOUT_MS: Final = 120_000
_AT_ONCE: Final = 16
"""Call-outs of one request that are under way. A service limits the requests of an account, a host the call-outs."""


class PartRequests:
    """The call-outs for one request."""

    def __init__(
        self,
        ctx: HttpContext,
        plan: Plan,
        exchange: Exchange,
        wanted: PartsWanted,
        size: int,
        then: Callable[[ApiError | None], None],
    ) -> None:
        """`size`: bytes of the request. `then` is called once, with the first error or None."""
        self._ctx = ctx
        self._plan = plan
        self._exchange = exchange
        self._wanted = wanted
        self._then = then
        self._client = ClusterClient(_cluster(ctx, plan, exchange))
        self._next = self._answered = 0
        self._held = size
        self._failure: ApiError | None = None

    def start(self) -> ApiError | None:
        """Begin. Returns an error instead of calling `then` with it."""
        if not self._plan.provider.memory_budget.reserve(self._exchange, self._held):
            self._failure = busy()
        while self._failure is None and self._next < min(len(self._wanted.parts), _AT_ONCE):
            self._failure = self._ask()
        return self._failure

    def _ask(self) -> ApiError | None:
        index, self._next = self._next, self._next + 1
        plan, exchange = self._plan, self._exchange
        body = dump_bytes(self._wanted.parts[index])
        try:
            sent, headers = addressing.own_request(plan.provider, exchange, self._ctx.path, body)
            signed = "" if plan.provider.row.credentials.sign is None else signature(headers)
            self._client.request(
                sent.method,
                sent.path,
                lambda answer: self._take(index, signed, answer),
                headers=headers,
                body=body,
                timeout_ms=_TIMEOUT_MS,
            )
        except HttpCallError as error:
            log.error("each part of the request is a call-out to %s: %s", exchange.host or plan.provider.host, error)
            return _unreachable()
        except ApiError as error:
            return error
        return None

    def _take(self, index: int, signed: str, answer: HttpAnswer) -> None:
        """`signed`: the signature of the call-out."""
        if self._failure is not None:
            return  # Another part has failed already.
        self._failure = self._failure_of(index, answer)
        if self._failure is not None:
            self._failure.mask(self._plan.provider.scrubbers.of(self._exchange.tokens, signed).clean_text)
        elif self._next < len(self._wanted.parts):
            self._failure = self._ask()
        if self._failure is not None or self._answered == len(self._wanted.parts):
            self._then(self._failure)

    def _failure_of(self, index: int, answer: HttpAnswer) -> ApiError | None:
        """Why an answer is of no use; None: it is kept."""
        if not 200 <= answer.status < 300:
            return self._error(answer)
        self._held += len(answer.body)
        if not self._plan.provider.memory_budget.reserve(self._exchange, self._held):
            return busy()
        try:
            self._wanted.take(index, documents.of_answer(answer.body), answer.headers)
        except ApiError as error:
            return error
        self._answered += 1
        return None

    def _error(self, answer: HttpAnswer) -> ApiError:
        if not answer.received:
            return _unreachable()
        exchange, provider = self._exchange, self._plan.provider
        exchange.answer.status = answer.status
        error = failures.error_of(self._plan, exchange, answer.body[: limits.ERROR_BODY])
        error.retry_after = error.retry_after or ceil(waits.asked(answer.headers, answer.status))
        retry.record_outcome(self._ctx, provider, exchange, answer.status, error.retry_after)
        return error


def _cluster(ctx: HttpContext, plan: Plan, exchange: Exchange) -> Cluster:
    """The configured one; otherwise that of the route, if it leads to this provider, or that with its host's name."""
    settings = plan.provider.settings
    host = plan.provider.host if settings.provider_domain else exchange.host or plan.provider.host
    route = RouteCluster(host)
    if settings.cluster or isinstance(ctx, LaterRequest) or not route.cluster_name:
        return TargetCluster(settings.cluster or host, host)
    return route


def _unreachable() -> ApiError:
    return ApiError(503, "the service cannot be reached for each part of the request", code="upstream_unreachable")
