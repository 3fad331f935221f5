"""Answers that the plugin gives itself, because the service behind it has no API for them."""

from __future__ import annotations

from typing import Final

from proxywasm import Action, HttpContext

from ..protocols.exchange import Exchange
from ..protocols.pivot.counted import Counting
from ..providers.row import Provider
from ..wire import apis
from ..wire.apis import Route
from ..wire.errors import not_json
from ..wire.json import Json, dump_bytes
from . import model_list, stored_responses
from .plans import Plan, Plans

ESTIMATED: Final = "x-proxywasm-token-count"
"""The response header that says that a number of tokens is an estimate."""


def reply(
    ctx: HttpContext, plans: Plans, plan: Plan, exchange: Exchange, route: Route, *, readable: bool
) -> Action | None:
    """Answer a request for an API that the service does not have, or not in this format. None: there is no answer yet.

    Raises `ApiError` if there is none, unless it is made of the body or the service has a part of the API.
    """
    provider, client, headers = plan.provider, plan.client, ctx.request_headers
    if not readable and plan.request.body.has_to_be_json and ctx.has_request_body:
        raise not_json(headers.get("content-type", ""), headers.get("content-encoding", ""))
    if "response_id" in route.parameters and (action := stored_responses.reply(ctx, provider, exchange, route)):
        return action
    if plan.api in (apis.MODELS, apis.RETRIEVE_MODEL):
        client = exchange.client = model_list.client_of(plans.clients, headers, client)
        if model_list.reply(ctx, provider, client, route):
            return Action.CONTINUE
        if plan.api == apis.RETRIEVE_MODEL:
            model_list.check_path(provider, route)
            return None
    if plan.api in provider.paths or (readable and plan.request.counting is not None):
        return None
    raise client.unsupported(route)


def count_tokens(ctx: HttpContext, provider: Provider, exchange: Exchange, counting: Counting, body: Json) -> None:
    """Answer with an estimate of the request's tokens. Raises `ApiError`."""
    model = body.get("model")
    exchange.requested_model = model if isinstance(model, str) else ""
    exchange.model = exchange.settings.model_mapping.of(exchange.requested_model)
    tokens = counting.estimate(body, provider.profiles.of(exchange.model).vendor)
    fields = {"content-type": "application/json", ESTIMATED: "estimated"}
    ctx.send_http_response(200, fields, dump_bytes(counting.answer(tokens)), details="ai-proxy.count_tokens")
