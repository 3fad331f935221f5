"""The list of Cohere's models. Source: cohere-python 7.3.1, `models/raw_client.py`, `types/get_model_response.py`."""

from __future__ import annotations

from typing import Final

from proxywasm import Event

from ...wire import apis, lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import model_answers
from ..pivot.listed_models import Model
from .answer import error

__all__ = [
    "PATH", "accepts_signed_thinking", "decoder", "error", "event", "new_state", "path_of", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

PATH: Final = "/v1/models"
_PAGE: Final = 1000
"""The largest page that Cohere offers. OpenAI's list has no pages."""


def path_of(exchange: Exchange) -> str:
    return f"{PATH}?page_size={_PAGE}" if exchange.api == apis.MODELS else ""


def request(exchange: Exchange, body: Json) -> Json:  # noqa: ARG001
    return body


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    return model_answers.answer(exchange, document, document.get("models"), _model)


def _model(document: Json) -> Model:
    """Cohere does not give the time of creation."""
    return Model(lenient.text(document.get("name")), 0, "cohere")


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams the list of its models")
