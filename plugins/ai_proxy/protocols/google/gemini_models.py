"""The list of models of Google's Gemini API. Source: ai.google.dev/api/models."""

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
    return f"/{exchange.settings.api_version}/models?pageSize={_PAGE}"


def request(exchange: Exchange, body: Json) -> Json:  # noqa: ARG001
    return body


def response(exchange: Exchange, document: Json) -> Json:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    models = document.get("models", [])
    if not isinstance(models, list):
        raise bad_upstream("the upstream's answer has no models")
    names = [lenient.text(model.get("name")).removeprefix("models/") for model in lenient.objects(models)]
    # Google does not give the time of creation.
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "google"} for name in names]
    return {"object": "list", "data": data}


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams the list of its models")
