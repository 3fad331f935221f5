"""Google's Gemini API for embeddings. Source: ai.google.dev/api/embeddings."""

from __future__ import annotations

from typing import Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import bad_upstream, check_repeated
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import embeddings
from .answer import error
from .gemini import path_of

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False


def request(exchange: Exchange, body: Json) -> Json:
    exchange.path = path_of(exchange, "batchEmbedContents")
    embeddings.remember_format(exchange, body)
    more = {} if body.get("dimensions") is None else {"outputDimensionality": body["dimensions"]}
    model = f"models/{exchange.model}"
    given = embeddings.texts(body.get("input"))
    check_repeated(len(model) * len(given))
    return {"requests": [{"model": model, "content": {"parts": [{"text": text}]}, **more} for text in given]}


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    vectors = document.get("embeddings")
    if not isinstance(vectors, list) or not all(isinstance(one, dict) for one in vectors):
        raise bad_upstream("the upstream's answer has no embeddings")
    counted = lenient.mapping(document.get("usageMetadata"))
    return embeddings.answer(
        exchange,
        ((index, one.get("values")) for index, one in enumerate(vectors)),
        lenient.count(counted.get("promptTokenCount")),
    )


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams embeddings")
