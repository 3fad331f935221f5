"""Models for clients: the names in the configuration's model mapping, beside those that the service lists."""

from __future__ import annotations

from typing import Final

from proxywasm import Headers, HttpContext

from ..protocols.clients import Clients
from ..protocols.exchange import ClientProtocol
from ..protocols.pivot import listed_models
from ..providers.row import Provider
from ..wire import apis
from ..wire.apis import Route
from ..wire.errors import ApiError
from ..wire.json import dump_bytes

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
        models = listed_models.mapped(provider.settings, names)
        document = client.models.many(models, ctx.path.partition("?")[2])
    elif (name := route.parameters["model_id"]) in names:
        (model,) = listed_models.mapped(provider.settings, (name,))
        document = client.models.one(model)
    else:
        return False
    ctx.send_http_response(200, {"content-type": "application/json"}, dump_bytes(document), details="ai-proxy.models")
    return True


def check_path(provider: Provider, route: Route) -> None:
    """Raises `ApiError` for a model that the plugin does not know if it knows some, and the service lists none. Without
    mapped names, services without a list get the path as any other that is unknown.
    """
    if apis.RETRIEVE_MODEL not in provider.paths and provider.settings.model_mapping.names:
        name = route.parameters["model_id"]
        why = f"The model '{name}' does not exist or you do not have access to it."
        raise ApiError(404, why, code="model_not_found")
