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
from .exchange import Call
from .writers import Writer


class Front(Protocol):
    """Between a client's protocol and the pivot."""

    def request(self, call: Call, body: Json, /, *, converted: bool, signed: bool) -> Json:
        """The pivot's request. `converted`: a codec reads it, which knows extensions that OpenAI itself would refuse.
        `signed`: it takes thoughts back under their signatures. Raises `ApiError`.
        """

    def response(self, call: Call, answer: Json, /) -> Json:
        """The client's answer. Raises `ApiError` if the pivot's makes no sense."""

    def writer(self, call: Call, /) -> Writer:
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


def enter(call: Call, provider: Provider) -> bool:
    """Let a front take the call over, if it concerns one."""
    if not concern(call.api, provider):
        return False
    call.front = call.api
    call.turn_to(apis.CHAT)
    return True


def leave_if_native(call: Call, provider: Provider, body: Json) -> None:
    """Give the call back where the provider has the front's API for the model that is asked for."""
    native, model = provider.row.native_front, body.get("model")
    if call.front and native is not None and isinstance(model, str) and native(call.settings.model_mapping.of(model)):
        call.turn_to(call.front)
        call.front = ""


def of(call: Call) -> Front | None:
    return FRONTS[call.front] if call.front else None


def error_body(ctx: HttpContext, error: ApiError) -> bytes:
    """An error as the client of this stream understands it. From here on it has no credentials in it."""
    call: Call | None = ctx.get_context("call")
    if call is not None:
        error.hide(call.scrubber)
    front = _ERRORS.get(call.front or call.api) if call is not None else None
    return error.body() if front is None else dump_bytes(front.error(error))
