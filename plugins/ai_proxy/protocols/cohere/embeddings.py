"""Cohere's protocol for embeddings, version 2. Source: docs.cohere.com/reference/embed."""

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
from ..pivot import embeddings
from .answer import error

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_SAME: Final = {"dimensions": "output_dimension", "truncate": "truncate", "priority": "priority"}


def request(exchange: Exchange, body: Json) -> Json:
    embeddings.remember_format(exchange, body)
    sent: Json = {
        "model": exchange.model,
        "texts": embeddings.texts(body.get("input")),
        "input_type": embeddings.input_type(body),
        "embedding_types": ["float"],
    }
    return sent | {there: body[here] for here, there in _SAME.items() if body.get(here) is not None}


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    vectors = lenient.mapping(document.get("embeddings")).get("float")
    if not isinstance(vectors, list):
        raise bad_upstream("the upstream's answer has no embeddings.float")
    billed = lenient.mapping(lenient.mapping(document.get("meta")).get("billed_units"))
    return embeddings.answer(exchange, enumerate(vectors), lenient.count(billed.get("input_tokens")))


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams embeddings")
