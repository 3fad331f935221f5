"""Google's Vertex AI for embeddings.

Source: cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api.
"""

from __future__ import annotations

from typing import Any, Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import embeddings
from .answer import error
from .vertex import path_of

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False


def request(exchange: Exchange, body: Json) -> Json:
    exchange.path = path_of(exchange, "google", "predict")
    embeddings.remember_format(exchange, body)
    instances = [{"task_type": "", "content": text} for text in embeddings.texts(body.get("input"))]
    if body.get("dimensions") is None:
        return {"instances": instances}
    return {"instances": instances, "parameters": {"outputDimensionality": body["dimensions"]}}


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    predictions = document.get("predictions")
    if not isinstance(predictions, list):
        raise bad_upstream("the upstream's answer has no predictions")
    given = [_object(prediction, "embeddings") for prediction in predictions]
    total = sum(lenient.count(_object(one, "statistics").get("token_count")) for one in given)
    return embeddings.answer(exchange, ((index, one.get("values")) for index, one in enumerate(given)), total)


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams embeddings")


def _object(value: Any, name: str) -> Json:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}
