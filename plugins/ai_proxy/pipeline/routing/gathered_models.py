"""Lists the models of services whose providers have prefixes or expressions in `models`: only the services know them.

Each is asked by a call-out, as a client of OpenAI's protocol, at the same time. One that does not answer is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from proxywasm import Action, ClusterClient, HttpAnswer, HttpCallError, HttpContext, TargetCluster, log

from ...protocols.exchange import ClientProtocol, Exchange
from ...protocols.pivot.listed_models import Model, from_openai
from ...wire import apis, lenient
from ...wire.errors import ApiError
from ...wire.json import loads
from .. import model_list, request, response, retry
from .entries import Entry
from .later_request import LaterRequest

_TIMEOUT: Final = 5000
"""Milliseconds for the list of one service."""


class GatheredModels:
    """One request for the list."""

    def __init__(
        self, ctx: HttpContext, entries: Sequence[Entry], client: ClientProtocol, configured: Iterable[Model]
    ) -> None:
        """`configured`: those that the configuration names."""
        self._ctx = ctx
        self._entries = entries
        self._client = client
        self._found = {model.id: model for model in configured}
        self._listed: dict[str, list[Model]] = {}
        """What services have answered, by the `id` of the provider."""
        self._waiting = 0

    def start(self) -> Action | None:
        """Ask all of them."""
        for entry in self._entries:
            if entry.models.has_patterns and apis.MODELS in entry.provider.paths:
                self._ask(entry)
        if self._waiting:
            return Action.PAUSE
        self._reply()
        return None

    def _ask(self, entry: Entry) -> None:
        version = model_list.ANTHROPIC_VERSION
        fields = [(name, value) for name, value in self._ctx.request_headers.fields() if name != version]
        later = LaterRequest(self._ctx, fields, b"", lambda: None)
        action = request.on_headers(later, entry.config)
        if action is Action.PAUSE or later.replied:
            log.warn("%s: its models are not listed: it cannot be asked now", entry.id)
            return
        headers = later.request_headers
        host = headers.get(":authority", "")
        try:
            ClusterClient(TargetCluster(entry.provider.settings.cluster or host, host)).get(
                headers.get(":path", "/"),
                partial(self._answered, entry, later.get_context("exchange")),
                headers=retry.repeated_headers(headers),
                timeout_ms=_TIMEOUT,
            )
        except HttpCallError as error:
            log.warn("%s: its models are not listed: %s", entry.id, error)
        else:
            self._waiting += 1

    def _answered(self, entry: Entry, exchange: Exchange, answer: HttpAnswer) -> None:
        self._waiting -= 1
        try:
            self._listed[entry.id] = _models(entry, exchange, answer)
        except (ApiError, ValueError) as error:
            log.warn("%s: its models are not listed: %s", entry.id, exchange.secrets.scrubber.clean_text(str(error)))
        if not self._waiting:
            self._reply()

    def _reply(self) -> None:
        for entry in self._entries:
            for model in self._listed.get(entry.id, ()):
                rank = entry.models.rank(model.id)
                if rank and rank == max(other.models.rank(model.id) for other in self._entries):
                    self._found.setdefault(model.id, model)
        model_list.reply_many(self._ctx, self._client, [*self._found.values()])


def _models(entry: Entry, exchange: Exchange, answer: HttpAnswer) -> list[Model]:
    """Raises `ApiError` and `ValueError`."""
    if answer.status != 200:
        raise ApiError(502, f"status {answer.status}")
    exchange.answer.status = answer.status
    exchange.secrets.scrubber = entry.provider.scrubbers.of(exchange.tokens, exchange.secrets.signature)
    _, body = response.convert_retried(entry.plans[exchange.api], exchange, answer)
    return [from_openai(one) for one in lenient.objects(lenient.mapping(loads(body)).get("data"))]
