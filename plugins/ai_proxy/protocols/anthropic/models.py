"""The list of models of Anthropic's API, for clients of OpenAI's. Source: platform.claude.com, "List Models"."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from proxywasm import Event

from ...wire import apis, lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import listed_models
from ..pivot.listed_models import Model
from .service_answer import error

__all__ = [
    "PAGE", "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

PAGE: Final = 1000
"""The largest page that Anthropic offers."""


def request(exchange: Exchange, body: Json) -> Json:  # noqa: ARG001
    return body


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    is_own = exchange.client_headers.get("anthropic-version")  # The path is the same in both protocols.
    if exchange.api == apis.RETRIEVE_MODEL:
        return document if is_own else exchange.client.models.one(_model(document))
    models = document.get("data")
    if not isinstance(models, list):
        raise bad_upstream("the upstream's answer has no models")
    mapped = listed_models.beside_others(exchange.settings)
    if not is_own:
        return exchange.client.models.many([*mapped, *map(_model, lenient.objects(models))], "")
    if mapped and not _LATER_PAGES.search(lenient.text(exchange.client_state)):
        document["data"] = [*map(exchange.client.models.one, mapped), *models]
        document["first_id"] = mapped[0].id
    return document


_LATER_PAGES: Final = re.compile(r"(?:^|&)(?:after|before)_id=")


def _model(document: Json) -> Model:
    return Model(lenient.text(document.get("id")), _seconds(document.get("created_at")), "anthropic")


def _seconds(given: Any) -> int:
    """A time in RFC 3339 as OpenAI has it; 0 for one that is none."""
    try:
        return max(int(datetime.fromisoformat(lenient.text(given)).timestamp()), 0)
    except (ValueError, OverflowError):
        return 0


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams the list of its models")
