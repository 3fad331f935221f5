"""`Routed`, the state of one routed request: which providers were asked, and which one is next."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from proxywasm import Action, HttpContext, TargetCluster, log

from ...config.settings.routing import BAD_ANSWER, CONNECT, CONTENT_FILTER, CONTEXT_LENGTH, FIRST_BYTE, STATUS
from ...credentials.signing.outgoing import Outgoing
from ...fetching.waiting import Awaited
from ...protocols.exchange import Attempts, Exchange, Failure
from ...wire.errors import ApiError
from .. import request, retry
from . import report, requested, triggers
from .entries import Candidate
from .later_request import LaterRequest
from .requested import Requested
from .selection import Selection

_FAULTS: Final = frozenset({CONNECT, FIRST_BYTE, STATUS, BAD_ANSWER})
"""The reasons for which the provider is to blame, and not the request."""
_WAITING: Final = frozenset({429, 503})
"""The statuses whose `retry-after` says that the next request would be in vain."""
_NO_HEADERS: Final[Mapping[str, str]] = {}


class Routed:
    """One routed request. Implements `Fallback` for the steps that read answers."""

    def __init__(
        self, selection: Selection, ctx: HttpContext, asked: Requested, candidates: list[Candidate], raw: bytes | None
    ) -> None:
        self._selection = selection
        self._asked = asked
        self._candidates = candidates
        self._used: list[Candidate] = []
        self._current: Candidate | None = None
        self._journal = report.Journal()
        self.retries = 0
        self.changes = 0
        self._reason = ""
        """Why the current attempt has failed."""
        self._gateway_reason = ""
        self._began = 0.0
        self._wait = 0.0
        """Seconds that the current provider asks to wait."""
        self._exchanges: list[Exchange] = []
        self._later: LaterRequest | None = None
        self._raw = raw or b""
        self._fallback = selection.settings.fallback
        if self._fallback is not None and not self._keep(ctx, raw):
            self._fallback = None
        self._fields = ctx.request_headers.fields() if self._fallback is not None else []
        if selection.budget is not None:
            selection.budget.asked()

    def _keep(self, ctx: HttpContext, raw: bytes | None) -> bool:
        """Keep the body for another provider. Returns whether there can be another one."""
        if ctx.is_websocket() or (raw is None and ctx.has_request_body):
            return False  # Its body passes unread.
        if self._selection.memory_budget.reserve(self, len(self._raw)):
            return True
        log.warn("no other provider is asked if the request fails: too many large ones are kept")
        return False

    # The attempts.

    def first(self) -> Candidate | None:
        """The first provider to ask; None: the breakers of all of them are open."""
        for candidate in self._candidates:
            if self._admits(candidate):
                self._begin(candidate)
                return candidate
        return None

    def limit_first_byte(self, ctx: HttpContext) -> None:
        """Limit the time to the first byte of every attempt. Call it before the request goes on."""
        if self._fallback is not None and self._fallback.first_byte_timeout:
            ctx.set_first_byte_timeout(self._fallback.first_byte_timeout)

    def all_open(self) -> ApiError:
        """The error if no provider may be asked."""
        assert self._selection.breaker is not None, "without a breaker one may be asked"
        until = self._selection.breaker.open_until()
        names = [(one.entry.id, one.model) for one in self._candidates]
        soonest = min(until.get(f"{provider}/{model}", 0) for provider, model in names)
        wait = max(1, round(soonest / 1000 - time.time()))
        text = f"all providers of this model have failed; they are asked again in {wait} seconds"
        return ApiError(503, text, code="no_provider_available", retry_after=wait)

    def attach(self, exchange: Exchange) -> None:
        """Take part in the attempts of this exchange."""
        if exchange.attempts is None:
            exchange.attempts = Attempts()
        exchange.attempts.fallback = self
        self._exchanges.append(exchange)

    def _begin(self, candidate: Candidate) -> None:
        self._current = candidate
        self._used.append(candidate)
        self._reason = self._gateway_reason = ""
        self._wait = 0.0
        self._began = time.time()
        candidate.entry.busy += 1

    def _end(self, outcome: str) -> None:
        """The current attempt has ended."""
        current = self._current
        if current is None:
            return
        self._current = None
        current.entry.busy -= 1
        self._journal.ended(current.entry.id, current.name, outcome)
        breaker = self._selection.breaker
        if breaker is None:
            return
        wait = self._wait if current.entry.provider.tokens.all_rest else 0.0
        if self._reason in _FAULTS or wait:
            breaker.failed(current.entry.id, current.model, wait)
        elif not self._reason:
            breaker.worked(current.entry.id, current.model)

    def _admits(self, candidate: Candidate) -> bool:
        breaker = self._selection.breaker
        return breaker is None or breaker.admits(candidate.entry.id, candidate.model)

    # `Fallback`.

    @property
    def has_budget(self) -> bool:
        fallback, budget = self._fallback, self._selection.budget
        return (
            fallback is not None and budget is not None and len(self._journal) + 1 < fallback.attempts and budget.allows
        )

    @property
    def watches_content(self) -> bool:
        fallback = self._fallback
        return fallback is not None and CONTENT_FILTER in fallback.on and self.has_budget and bool(self._rest())

    def follows(self, failure: Failure) -> bool:
        self._reason = self._reason_of(failure)
        return (
            self._fallback is not None and self._reason in self._fallback.on and self.has_budget and bool(self._rest())
        )

    def is_about_request(self, failure: Failure) -> bool:
        return self._reason_of(failure) in {CONTEXT_LENGTH, CONTENT_FILTER}

    def repeats(self, failure: Failure) -> None:
        current = self._current
        assert current is not None, "an attempt that has failed is under way"
        self._reason = self._reason_of(failure)
        self._end(self._reason or str(failure.status))
        assert self._selection.budget is not None
        self._selection.budget.taken()
        self.retries += 1
        self._begin(current)

    def gateway_failed(self, ctx: HttpContext) -> bool:
        self._gateway_reason = triggers.of_gateway(ctx)
        return self._gateway_reason != ""

    def asks_to_wait(self, status: int, seconds: float) -> None:
        if status in _WAITING:
            self._wait = seconds

    def is_late(self) -> None:
        self._gateway_reason = FIRST_BYTE

    def watch(self, ctx: HttpContext) -> None:
        if self._fallback is not None and self._selection.late is not None:
            self._selection.late.watch(ctx, self._began)

    def may_say_more(self, status: int) -> bool:
        return self._fallback is not None and triggers.may_say_more(self._fallback, status) and self.has_budget

    def arrived(self, ctx: HttpContext) -> None:
        current = self._current
        if current is not None:
            current.entry.answered(current.model, time.time() - self._began)
            ctx.config = current.entry.config

    @property
    def notes_makers(self) -> bool:
        return self._selection.makers is not None

    def made(self, response_id: object) -> None:
        makers, current = self._selection.makers, self._current
        if makers is not None and current is not None and isinstance(response_id, str):
            makers.remember(response_id, current.entry.id)

    @property
    def route(self) -> str:
        current = self._current
        return self._journal.shown("" if current is None else current.name, self._reason or "answered")

    @property
    def headers(self) -> Mapping[str, str]:
        return {report.ROUTE_HEADER: self.route} if self._selection.settings.route_header else _NO_HEADERS

    def start(self, ctx: HttpContext, give_up: Callable[[], None]) -> None:
        """Ask the next provider."""
        failed, reason = self._current, self._reason
        self._end(reason)
        candidate = next((one for one in self._rest(reason) if self._admits(one)), None)
        if candidate is None:
            give_up()
            return
        if failed is not None:
            report.fell_back(failed.entry.id, reason)
            log.warn("%s has failed (%s), asking %s", failed.name, reason, candidate.name)
        assert self._selection.budget is not None, "only a fallback asks another provider"
        self._selection.budget.taken()
        self.changes += 1
        self._begin(candidate)
        self._prepare(ctx, candidate, give_up)

    def _prepare(self, ctx: HttpContext, candidate: Candidate, give_up: Callable[[], None]) -> None:
        """Make the request for this provider: addressed, converted and signed as a first one."""
        raw, fields = self._raw, self._fields
        try:
            if self._asked.model and candidate.model != self._asked.model:
                raw = requested.renamed_body(raw, dict(fields).get("content-type", ""), candidate.model)
        except ApiError as error:
            self._refused(ctx, error.status, give_up)
            return

        def resumed() -> None:
            later.waiting = False
            self._later = None
            self._send(ctx, later, candidate, give_up)

        later = LaterRequest(ctx, fields, raw, resumed)
        action = request.on_headers(later, candidate.entry.config, raw if ctx.has_request_body else None)
        if action is Action.PAUSE and not later.replied:
            later.waiting = True
            self._later = later
        else:
            self._send(ctx, later, candidate, give_up)

    def _send(self, ctx: HttpContext, later: LaterRequest, candidate: Candidate, give_up: Callable[[], None]) -> None:
        if later.replied:
            self._refused(ctx, later.refused, give_up)
            return
        assert self._fallback is not None
        exchange: Exchange = later.get_context("exchange")
        self.attach(exchange)
        assert exchange.attempts is not None
        headers, provider = later.request_headers, candidate.entry.provider
        host = headers.get(":authority", "")
        exchange.attempts.headers = headers
        exchange.attempts.cluster = TargetCluster(provider.settings.cluster or host, host)
        sent = Outgoing(headers.get(":method", ""), host, headers.get(":path", "/"), later.body)
        plan = candidate.entry.plans[exchange.api]
        if ctx.can_send_again:
            ctx.config = candidate.entry.config
        retry.send(ctx, plan, exchange, sent, retry.repeated_headers(headers), self._fallback.timeout, give_up)

    def _refused(self, ctx: HttpContext, status: int, give_up: Callable[[], None]) -> None:
        """The plugin cannot make this request for the provider: it says more than the service has."""
        log.warn("the request cannot be made for the next provider: status %d", status)
        self._reason = CONTEXT_LENGTH if status == 413 else "refused"
        if self.has_budget and self._rest():
            self.start(ctx, give_up)
        else:
            give_up()

    def _rest(self, reason: str = "") -> list[Candidate]:
        """The providers that can still be asked."""
        candidates = self._candidates
        if self._asked.is_bound:
            return []
        if (reason or self._reason) == CONTEXT_LENGTH and self._asked.model:
            model = candidates[0].model
            longer = self._selection.next_models(model).longer
            candidates = self._selection.of_names(longer, model) or candidates
        return [one for one in candidates if one not in self._used and self._selection.has_api(one.entry, self._asked)]

    def _reason_of(self, failure: Failure) -> str:
        if self._gateway_reason:
            return self._gateway_reason
        if failure.unusable and failure.error is not None:
            return triggers.of_unusable(failure.error)
        return triggers.of_answer(self._fallback, failure.status, failure.error)

    # The end.

    def done(self, ctx: HttpContext) -> None:
        """The stream has ended."""
        exchange: Exchange | None = ctx.get_context("exchange")
        status = exchange.answer.status if exchange is not None else 0
        if not status and not self._reason:
            self._reason = "gone"  # The client has not waited: that says nothing about the provider.
        self._end(self._reason or str(status))
        if self._selection.late is not None:
            self._selection.late.forget(ctx)
        self._selection.memory_budget.release(self)
        for one in self._exchanges:
            self._selection.memory_budget.release(one)
        if self._later is not None:
            for awaited in _awaited(self._used):
                awaited.leave(self._later)


def _awaited(used: list[Candidate]) -> list[Awaited]:
    return [awaited for one in used for awaited in one.entry.provider.awaited]
