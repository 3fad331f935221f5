"""Lists of models in OpenAI's format, as services have them, with the names of the model mapping in front."""

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
from ..pivot import listed_models
from ..pivot.listed_models import from_openai
from .service import error

__all__ = ["accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response"]

accepts_signed_thinking: Final = False


def request(exchange: Exchange, body: Json) -> Json:  # noqa: ARG001
    return body


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    form = exchange.client.models
    if exchange.api == apis.RETRIEVE_MODEL:
        return form.one(from_openai(document))
    listed = document.get("data")
    if not isinstance(listed, list):
        raise bad_upstream("the upstream's answer has no models")
    models = listed_models.beside_others(exchange.settings)
    known = {model.id for model in models}
    models += [one for one in map(from_openai, lenient.objects(listed)) if one.id not in known]
    return form.many(models, lenient.text(exchange.client_state))


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams the list of its models")
