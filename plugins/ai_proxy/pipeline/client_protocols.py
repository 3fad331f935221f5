"""Decides whether a chat is converted from the client's protocol to the pivot, and converts it."""

from __future__ import annotations

from proxywasm import HttpContext

from ..protocols import clients
from ..protocols.exchange import ClientProtocol, Exchange, KeptResponses
from ..protocols.responses import own_ids, stored
from ..providers.row import Provider
from ..wire import apis
from ..wire.apis import Route
from ..wire.errors import ApiError
from ..wire.json import Json, dump_bytes


def is_converted(provider: Provider, client: ClientProtocol, api: str) -> bool:
    """Whether requests for this API become chats of the pivot: the provider has chats, but not this API."""
    return api == client.chat_api and not client.is_pivot and api not in provider.paths and apis.CHAT in provider.paths


def new_exchange(provider: Provider, route: Route) -> Exchange:
    """A new exchange whose request has a body."""
    exchange = clients.new_exchange(provider.settings, route)
    if is_converted(provider, exchange.client, route.api):
        exchange.set_api(apis.CHAT)
    return exchange


def pivot_request(provider: Provider, exchange: Exchange, body: Json) -> Json | None:
    """Converts a chat of the client's protocol. Raises `ApiError`.

    None if the provider has that protocol for this model: then the exchange is set to its API.
    """
    client, model = exchange.client, body.get("model")
    mapped = exchange.settings.model_mapping.of(model) if isinstance(model, str) else ""
    exchange.profile, exchange.service = provider.profiles.of(mapped), provider.profiles.service
    is_native = provider.row.dialect.native_clients.get(client) if exchange.api == apis.CHAT else None
    if is_native is not None and is_native(exchange.settings, mapped, exchange.profile):
        exchange.set_api(client.chat_api)
        return None
    _use_store(provider, exchange)
    service = provider.row.dialect.protocols.get(exchange.api)
    exchange.thinking = client.thinking(body)
    signed = service is not None and service.accepts_signed_thinking
    return client.request(exchange, body, allow_extensions=service is not None, accepts_signed_thinking=signed)


def expand_response(provider: Provider, exchange: Exchange, body: Json) -> bool:
    """Put the conversation in place of the id of a response that the service does not know; whether it was one.

    Raises `ApiError` and `ResponseWanted`.
    """
    if not own_ids.is_own(body["previous_response_id"]):
        return False
    _use_store(provider, exchange)
    stored.expand(exchange, body)
    return True


def _use_store(provider: Provider, exchange: Exchange) -> None:
    if provider.responses is not None and exchange.kept_responses is None:
        exchange.kept_responses = KeptResponses(provider.responses.largest)


def error_body(ctx: HttpContext, error: ApiError) -> bytes:
    """An error in the format of the client's protocol. Masks credentials in it."""
    exchange: Exchange | None = ctx.get_context("exchange")
    if exchange is None:
        return dump_bytes(clients.DEFAULT.error(error))
    error.mask(exchange.secrets.scrubber.clean_text)
    return dump_bytes(exchange.client.error(error))
