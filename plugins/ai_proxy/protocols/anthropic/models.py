"""The list of models of Anthropic's API, for clients of OpenAI's. Source: platform.claude.com, "List Models"."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
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
    if exchange.client_headers.get("anthropic-version"):
        return document  # A client of Anthropic's protocol: the path is the same in both.
    models = document.get("data")
    if not isinstance(models, list):
        raise bad_upstream("the upstream's answer has no models")
    data = [
        {
            "id": lenient.text(model.get("id")),
            "object": "model",
            "created": _seconds(model.get("created_at")),
            "owned_by": "anthropic",
        }
        for model in lenient.objects(models)
    ]
    return {"object": "list", "data": data}


def _seconds(given: Any) -> int:
    """A time in RFC 3339 as OpenAI has it; 0 for one that is none."""
    try:
        return max(int(datetime.fromisoformat(lenient.text(given)).timestamp()), 0)
    except (ValueError, OverflowError):
        return 0


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams the list of its models")
