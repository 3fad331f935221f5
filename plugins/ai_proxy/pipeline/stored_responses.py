"""Responses that the plugin keeps: requests that continue one, and requests for one."""

from __future__ import annotations

from proxywasm import Action, HttpContext

from ..fetching.response_store import ResponseStore
from ..fetching.waiting import Proceed
from ..protocols.exchange import Exchange
from ..protocols.responses import stored
from ..providers.row import Provider
from ..wire.apis import Route
from ..wire.errors import ApiError, busy
from ..wire.json import dump_bytes
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


def reply(ctx: HttpContext, store: ResponseStore, exchange: Exchange, route: Route) -> Action:
    """Answer a request for a response."""
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
            store.delete(response_id)
        fields = {"content-type": "application/json"}
        ctx.send_http_response(200, fields, dump_bytes(document), details="ai-proxy.responses")
        return None

    return store.load(ctx, response_id, then) or Action.CONTINUE
