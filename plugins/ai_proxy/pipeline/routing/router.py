"""The request phases of routed requests: finds the model, chooses the provider, and sends the request there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxywasm import Action, HttpContext

from ...protocols.clients import Clients
from ...providers.row import Provider
from ...wire import apis, limits
from ...wire.errors import ApiError, request_too_large
from ...wire.json import Json, NumberError, dump_converted
from .. import model_list, request
from ..refusing import refuse_unrouted
from . import listing, requested
from .requested import Requested
from .routed import Routed
from .selection import Selection


class Router:
    """Implements `plans.Router`."""

    def __init__(self, selection: Selection, clients: Clients) -> None:
        self._selection = selection
        self._clients = clients
        self.providers: Final[Sequence[Provider]] = [entry.provider for entry in selection.entries]

    def on_request_headers(self, ctx: HttpContext) -> Action | None:
        """Choose the provider, or wait for the body that names the model."""
        ctx.disable_reroute()
        route = self._clients.plain.get(ctx.path) or self._clients.route(ctx.path)
        client = self._clients.of_api(route.api)
        if route.api in (apis.MODELS, apis.RETRIEVE_MODEL) and ctx.method == "GET":
            client = model_list.client_of(self._clients, ctx.request_headers, client)
            try:
                return listing.reply(ctx, self._selection.entries, client, route)
            except ApiError as error:
                refuse_unrouted(ctx, client, error)
                return None
        keeps = self._selection.settings.fallback is not None and requested.keeps_body(ctx, route.api)
        if not keeps and not requested.body_names_model(ctx, route.api):
            return self._begin(ctx, requested.without_body(ctx, route, client), None)
        if limits.exceeds(ctx.request_headers.get("content-length", ""), limits.BODY):
            refuse_unrouted(ctx, client, request_too_large())
            return None
        ctx.set_request_body_buffer_limit(limits.BODY)
        return Action.STOP_ITERATION

    def on_request_body(self, ctx: HttpContext, raw: bytes) -> Action | None:
        """The body that names the model."""
        route = self._clients.plain.get(ctx.path) or self._clients.route(ctx.path)
        client = self._clients.of_api(route.api)
        try:
            asked = requested.of_body(ctx, route, client, raw)
        except ApiError as error:
            refuse_unrouted(ctx, client, error)
            return None
        return self._begin(ctx, asked, raw)

    def _begin(self, ctx: HttpContext, asked: Requested, raw: bytes | None) -> Action | None:
        try:
            candidates = self._selection.candidates(ctx, asked)
        except ApiError as error:
            refuse_unrouted(ctx, asked.client, error)
            return None
        document = asked.document
        asked = asked._replace(document=None)  # It may be large, and is changed when it is sent.
        routed = Routed(self._selection, ctx, asked, candidates, raw)
        first = routed.first()
        if first is None:
            refuse_unrouted(ctx, asked.client, routed.all_open())
            routed.done(ctx)
            return None
        try:
            if asked.model and first.model != asked.model:
                raw = _rename(ctx, raw, document, first.model)
        except ApiError as error:
            refuse_unrouted(ctx, asked.client, error)
            routed.done(ctx)
            return None
        ctx.config = first.entry.config
        routed.limit_first_byte(ctx)
        action = request.on_headers(ctx, first.entry.config, raw, document)
        if ctx.replied:
            routed.done(ctx)
        else:
            routed.attach(ctx.get_context("exchange"))
        return action


def _rename(ctx: HttpContext, raw: bytes | None, document: Json | None, model: str) -> bytes | None:
    """Ask for this model instead, also in `document`. Raises `ApiError`."""
    if raw is None:
        ctx.path = requested.renamed_query(ctx.path, model)
        ctx.request_headers[":path"] = ctx.path
        return None
    if document is not None:
        document["model"] = model
        try:
            raw = dump_converted(document, raw)
        except NumberError as error:
            raise requested.unwritable(error) from None
    else:
        raw = requested.renamed_body(raw, ctx.request_headers.get("content-type", ""), model)
    ctx.replace_request_body(raw)
    return raw
