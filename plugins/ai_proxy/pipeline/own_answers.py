"""Answers that the plugin gives itself, because the service behind it has no API for them."""

from __future__ import annotations

from typing import Final

from proxywasm import HttpContext

from ..protocols.exchange import ClientProtocol, Exchange
from ..protocols.pivot.counted import Counting
from ..providers.row import Provider
from ..wire.apis import Route
from ..wire.json import Json, dump_bytes

ESTIMATED: Final = "x-proxywasm-token-count"
"""The response header that says that a number of tokens is an estimate."""


def check(client: ClientProtocol, counting: Counting | None, route: Route) -> None:
    """Raises `ApiError` for an API that the service does not have, unless the plugin answers the request itself."""
    if counting is None:
        raise client.unsupported(route)


def count_tokens(ctx: HttpContext, provider: Provider, exchange: Exchange, counting: Counting, body: Json) -> None:
    """Answer with an estimate of the request's tokens. Raises `ApiError`."""
    model = body.get("model")
    exchange.requested_model = model if isinstance(model, str) else ""
    exchange.model = exchange.settings.model_mapping.of(exchange.requested_model)
    tokens = counting.estimate(body, provider.profiles.of(exchange.model).vendor)
    fields = {"content-type": "application/json", ESTIMATED: "estimated"}
    ctx.send_http_response(200, fields, dump_bytes(counting.answer(tokens)), details="ai-proxy.count_tokens")
