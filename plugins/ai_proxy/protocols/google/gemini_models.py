"""The list of models of Google's Gemini API. Source: ai.google.dev/api/models."""

from __future__ import annotations

from typing import Final

from proxywasm import Event

from ...wire import apis, lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ...wire.paths import segment
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import model_answers
from ..pivot.listed_models import Model
from .answer import error
from .settings import GeminiSettings

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "path_of", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_PAGE: Final = 1000
"""The largest page that Google offers. OpenAI's list has no pages."""


def path_of(exchange: Exchange) -> str:
    assert isinstance(exchange.settings, GeminiSettings)
    place = f"/{exchange.settings.api_version}/models"
    if exchange.api == apis.RETRIEVE_MODEL:
        return f"{place}/{segment(exchange.route.parameters['model_id'], 'model', safe='@')}"
    return f"{place}?pageSize={_PAGE}"


def request(exchange: Exchange, body: Json) -> Json:  # noqa: ARG001
    return body


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    return model_answers.answer(exchange, document, document.get("models", []), _model)


def _model(document: Json) -> Model:
    """Google does not give the time of creation."""
    return Model(lenient.text(document.get("name")).removeprefix("models/"), 0, "google")


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams the list of its models")
