"""Moderation by services whose answers have the categories of OpenAI's, but do not say whether any of them holds.

Source: the Python client of Mistral, `models/moderationobject.py`; OpenAI API reference, "The moderation object".
"""

from __future__ import annotations

from typing import Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from .service import error

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False


def request(exchange: Exchange, body: Json) -> Json:  # noqa: ARG001
    return body


def response(exchange: Exchange, document: Json) -> Json:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    for result in lenient.objects(document.get("results")):
        result.setdefault("flagged", any(holds is True for holds in lenient.mapping(result.get("categories")).values()))
    return document


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams a moderation")
