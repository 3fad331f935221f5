"""DashScope's own protocol for text embeddings."""

from __future__ import annotations

from typing import Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import embeddings
from .answer import error

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

# OpenAI's `dimensions` is `dimension` here; the others are DashScope's own.
_PARAMETERS = {
    "dimensions": "dimension",
    "dimension": "dimension",
    "text_type": "text_type",
    "output_type": "output_type",
}


def request(exchange: Exchange, body: Json) -> Json:
    embeddings.remember_format(exchange, body)
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ApiError(400, "input must be a string or an array of strings", param="input")
    parameters = {name: body[source] for source, name in _PARAMETERS.items() if source in body}
    return {"model": exchange.model, "input": {"texts": texts}, "parameters": parameters}


def response(exchange: Exchange, answer: Json) -> Json:
    if (failure := error(200, answer)) is not None:
        raise failure
    output = answer.get("output")
    vectors = output.get("embeddings") if isinstance(output, dict) else None
    if not isinstance(vectors, list) or not all(isinstance(vector, dict) for vector in vectors):
        raise bad_upstream("the upstream's answer has no output.embeddings")
    counted = lenient.mapping(answer.get("usage"))
    return embeddings.answer(
        exchange,
        ((vector.get("text_index", index), vector.get("embedding")) for index, vector in enumerate(vectors)),
        lenient.count(counted.get("total_tokens")),
    )


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams embeddings")
