"""Fronts: client protocols other than OpenAI's, answered through the pivot by every provider that has a chat.

A front is a module with the functions of `Front`. It stands between the client and the pivot as a codec stands between
the pivot and the provider; neither knows of the other. A provider that has the front's API itself gets the request as
it is. The place of an OpenAI responses front is another entry in `FRONTS`, and a writer of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from proxywasm import HttpContext

from ..providers.row import Provider
from ..wire import apis
from ..wire.errors import ApiError
from ..wire.json import Json, dump_bytes
from .anthropic import client as claude
from .exchange import Exchange
from .writers import Writer


class Front(Protocol):
    """Between a client's protocol and the pivot."""

    def request(self, exchange: Exchange, body: Json, /, *, converted: bool, signed: bool) -> Json:
        """The pivot's request. `converted`: a codec reads it, which knows extensions that OpenAI itself would refuse.
        `signed`: it takes thoughts back under their signatures. Raises `ApiError`.
        """

    def response(self, exchange: Exchange, answer: Json, /) -> Json:
        """The client's answer. Raises `ApiError` if the pivot's makes no sense."""

    def writer(self, exchange: Exchange, /) -> Writer:
        """Writes streams in the client's protocol."""

    def error(self, error: ApiError, /) -> Json:
        """An error as the client's protocol tells it."""


FRONTS: Final[Mapping[str, Front]] = {apis.MESSAGES: claude}
"""By the API that clients ask for."""

_ERRORS: Final[Mapping[str, Front]] = {**FRONTS, apis.COUNT_TOKENS: claude, apis.COMPLETE: claude}
"""Whose clients are told errors as those of a front are."""


def concern(api: str, provider: Provider) -> bool:
    """Whether there is a front for this API, and the provider cannot do without."""
    return api in FRONTS and api not in provider.paths and apis.CHAT in provider.paths


def enter(exchange: Exchange, provider: Provider) -> bool:
    """Let a front take the call over, if it concerns one."""
    if not concern(exchange.api, provider):
        return False
    exchange.front = exchange.api
    exchange.turn_to(apis.CHAT)
    return True


def leave_if_native(exchange: Exchange, provider: Provider, body: Json) -> None:
    """Give the call back where the provider has the front's API for the model that is asked for."""
    native, model = provider.row.native_front, body.get("model")
    if (
        exchange.front
        and native is not None
        and isinstance(model, str)
        and native(exchange.settings.model_mapping.of(model))
    ):
        exchange.turn_to(exchange.front)
        exchange.front = ""


def of(exchange: Exchange) -> Front | None:
    return FRONTS[exchange.front] if exchange.front else None


def error_body(ctx: HttpContext, error: ApiError) -> bytes:
    """An error as the client of this stream understands it. From here on it has no credentials in it."""
    exchange: Exchange | None = ctx.get_context("exchange")
    if exchange is not None:
        error.hide(exchange.scrubber)
    front = _ERRORS.get(exchange.front or exchange.api) if exchange is not None else None
    return error.body() if front is None else dump_bytes(front.error(error))
