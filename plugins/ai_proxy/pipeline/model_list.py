"""Models for clients: the names in the configuration's model mapping, beside those that the service lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxywasm import Headers, HttpContext

from ..protocols.clients import Clients
from ..protocols.exchange import ClientProtocol
from ..protocols.pivot import listed_models
from ..protocols.pivot.listed_models import Model
from ..providers.row import Provider
from ..wire import apis
from ..wire.apis import Route
from ..wire.errors import ApiError
from ..wire.json import Json, dump_bytes

ANTHROPIC_VERSION: Final = "anthropic-version"
"""The header that clients of Anthropic's protocol send. Both protocols have the same path."""


def client_of(clients: Clients, headers: Headers, client: ClientProtocol) -> ClientProtocol:
    """The protocol of a client that asks for models."""
    return clients.of_api(apis.MESSAGES) if headers.get(ANTHROPIC_VERSION) else client


def reply(ctx: HttpContext, provider: Provider, client: ClientProtocol, route: Route) -> bool:
    """Answer a request for models if the plugin has the answer itself. Returns whether it has. Raises `ApiError`."""
    names = provider.settings.model_mapping.names
    if not names or ctx.method != "GET":
        return False
    if route.api == apis.MODELS:
        if apis.MODELS in provider.paths:
            return False  # The answer of the service gets the names.
        reply_many(ctx, client, listed_models.mapped(provider.settings, names))
    elif (name := route.parameters["model_id"]) in names:
        (model,) = listed_models.mapped(provider.settings, (name,))
        reply_one(ctx, client, model)
    else:
        return False
    return True


def reply_many(ctx: HttpContext, client: ClientProtocol, models: Sequence[Model]) -> None:
    _reply(ctx, client.models.many(models, ctx.path.partition("?")[2]))


def reply_one(ctx: HttpContext, client: ClientProtocol, model: Model) -> None:
    _reply(ctx, client.models.one(model))


def _reply(ctx: HttpContext, document: Json) -> None:
    ctx.send_http_response(200, {"content-type": "application/json"}, dump_bytes(document), details="ai-proxy.models")


def check_path(provider: Provider, route: Route) -> None:
    """Raises `ApiError` for a model that the plugin does not know if it knows some, and the service lists none. Without
    mapped names, services without a list get the path as any other that is unknown.
    """
    if apis.RETRIEVE_MODEL not in provider.paths and provider.settings.model_mapping.names:
        raise unknown(route)


def unknown(route: Route) -> ApiError:
    """There is no such model."""
    name = route.parameters["model_id"]
    why = f"The model '{name}' does not exist or you do not have access to it."
    return ApiError(404, why, code="model_not_found")
