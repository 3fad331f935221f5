"""Responses that the plugin keeps: requests that continue one, requests for one, and answers that are kept.

A client may ask for a response as soon as it has all of it, also at another gateway. So the end of an answer waits
until the store has it or has failed; its time-out limits that. Nothing else waits: the events before it pass at once.
"""

from __future__ import annotations

from collections.abc import Callable

from proxywasm import Action, HttpContext

from ..fetching.response_store import ResponseStore
from ..fetching.waiting import Proceed
from ..protocols.exchange import Exchange, FinishedResponse
from ..protocols.responses import own_ids, stored
from ..providers.row import Provider
from ..wire.apis import Route
from ..wire.errors import ApiError, busy
from ..wire.json import Json, dump_bytes
from . import scrubbing
from .refusing import refuse

OWNER = stored.OWNER


def look_up(
    ctx: HttpContext, provider: Provider, exchange: Exchange, size: int, response_id: str, proceed: Proceed
) -> Action | None:
    """Find the response that a request continues, while its body of this size waits."""
    store, kept = provider.responses, exchange.kept_responses
    assert store is not None, "a response is only wanted if there is a store"
    assert kept is not None
    if not provider.memory_budget.reserve(exchange, size):
        return proceed(busy())

    def then(found: bytes | ApiError | None) -> Action | None:
        if isinstance(found, ApiError):
            return proceed(found)
        kept.earlier = found or b""
        return proceed(None)

    return store.load(ctx, response_id, then)


def reply(ctx: HttpContext, provider: Provider, exchange: Exchange, route: Route) -> Action | None:
    """Answer a request for a response. None: the service may have it. Raises `ApiError`."""
    response_id, store = route.parameters["response_id"], provider.responses
    is_own = own_ids.is_own(response_id)
    if store is None or not (is_own or route.api not in provider.paths):
        if is_own:
            raise exchange.client.unsupported(route)
        return None
    return _reply(ctx, store, exchange, route)


def _reply(ctx: HttpContext, store: ResponseStore, exchange: Exchange, route: Route) -> Action:
    response_id, method = route.parameters["response_id"], ctx.method
    headers = {OWNER: ctx.request_headers.get(OWNER, "")}
    query = ctx.path.partition("?")[2]

    def then(found: bytes | ApiError | None) -> Action | None:
        try:
            if isinstance(found, ApiError):
                raise found
            record = stored.readable(found or b"", headers)
            if record is None:
                raise exchange.client.unsupported(route)
            document = stored.answer(method, route, query, record)
        except ApiError as error:
            refuse(ctx, error)
            return None
        if method == "DELETE":
            store.delete(response_id, lambda error: _answer(ctx, error or document))
        else:
            _answer(ctx, document)
        return None if ctx.replied else Action.PAUSE

    return store.load(ctx, response_id, then) or Action.CONTINUE


def _answer(ctx: HttpContext, document: Json | ApiError) -> None:
    if isinstance(document, ApiError):
        refuse(ctx, document)
    else:
        fields = {"content-type": "application/json"}
        ctx.send_http_response(200, fields, dump_bytes(document), details="ai-proxy.responses")


def keep(provider: Provider, exchange: Exchange, body: bytes, then: Callable[[bytes], None]) -> None:
    """Store the response of a whole answer, and continue with the body for the client, perhaps later."""
    finished = _finished(exchange)
    if finished is None:
        then(body)
    else:
        store = _store(provider)
        store.save(
            finished.response_id,
            finished.record,
            lambda kept: then(body if kept else stored.not_kept(body)),
        )


def hold_answer(ctx: HttpContext, provider: Provider, exchange: Exchange) -> Action | None:
    """Store the response of the answer that is buffered, which waits for it."""
    finished = _finished(exchange)
    if finished is None:
        return None
    response, waits = finished.response.encode(errors="replace"), False

    def saved(kept: bool) -> None:
        if not kept:
            scrubbing.replace_body(ctx, exchange, stored.not_kept(response))
        if waits:
            ctx.resume_http_response()

    waits = _store(provider).save(finished.response_id, finished.record, saved)
    return Action.PAUSE if waits else None


def hold_end(ctx: HttpContext, provider: Provider, exchange: Exchange, output: bytes, *, last: bool) -> bytes:
    """Store the response of a stream whose last event is in this output. Only that event waits for it."""
    finished = _finished(exchange)
    if finished is None:
        return output
    start = stored.last_event(output)
    end = HeldEnd(ctx, output[start:], over=last)
    if not _store(provider).save(finished.response_id, finished.record, end.stored):
        return output[:start] + end.event
    ctx.set_context("stream", end)
    ctx.need_pause_streaming_response()
    if start:
        ctx.inject_response_body(output[:start])
    end.waits = True
    return b""


class HeldEnd:
    """The last event of a stream, in place of the stream: sent when the response is stored."""

    headers_sent = True
    ended = False

    def __init__(self, ctx: HttpContext, event: bytes, *, over: bool) -> None:
        self.event = event
        self.waits = False
        """The client gets the event when it is known whether the response is stored."""
        self._ctx = ctx
        self._over = over
        """The service has ended the stream."""

    def stored(self, kept: bool) -> None:
        if not kept:
            self.event = stored.not_kept(self.event)
        if self.waits:
            self.waits = False
            self._ctx.inject_response_body(self.event, self._over)

    def feed(self, _: bytes, *, last: bool) -> bytes:
        """What follows the last event is not for the client."""
        self._over = last
        if last and not self.waits:
            self._ctx.inject_response_body(b"", True)
        return b""


def _finished(exchange: Exchange) -> FinishedResponse | None:
    return None if exchange.kept_responses is None else exchange.kept_responses.take()


def _store(provider: Provider) -> ResponseStore:
    assert provider.responses is not None, "a response is only kept if there is a store"
    return provider.responses
