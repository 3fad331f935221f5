"""AWS Bedrock for rerank, by `InvokeModel`: the models of Cohere and Amazon, for requests in Cohere's format.

Source: docs.aws.amazon.com/bedrock/latest/userguide/rerank-supported.html, and its examples for `InvokeModel`.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from proxywasm import Event, log

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json, dumps
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from .answer import error
from .chat import path_of

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_COHERE_VERSION: Final = 2
"""The version of Cohere's format, which its models at AWS demand."""


def request(exchange: Exchange, body: Json) -> Json:
    exchange.headers["accept"] = "*/*"
    exchange.path = path_of(exchange.model, "invoke")
    query, documents = body.get("query"), body.get("documents")
    if not isinstance(query, str) or not query:
        raise ApiError(400, "query must be a text", param="query")
    if not isinstance(documents, list) or not documents:
        raise ApiError(400, "documents must be a non-empty array", param="documents")
    sent: Json = {"query": query, "documents": [_text(one) for one in documents]}
    if body.get("top_n") is not None:
        sent["top_n"] = body["top_n"]
    if exchange.profile.vendor == "cohere":
        sent["api_version"] = _COHERE_VERSION
        if body.get("max_tokens_per_doc") is not None:
            sent["max_tokens_per_doc"] = body["max_tokens_per_doc"]
    if body.get("return_documents"):
        log.debug("return_documents is left out: AWS answers with the places of the documents only")
    return sent


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    results = document.get("results")
    if not isinstance(results, list):
        raise bad_upstream("the upstream's answer has no results")
    return {
        "id": lenient.text(document.get("id")) or exchange.answer.id or str(uuid4()),
        "results": [_result(one) for one in results],
        "meta": {"api_version": {"version": "1"}},
    }


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams a ranking")


def _text(document: Any) -> str:
    """A document as a text: version 1 of Cohere's format has objects, too, with the text in `text`."""
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        raise ApiError(400, "each of documents must be a text or an object", param="documents")
    return lenient.text(document.get("text")) or dumps(document)


def _result(given: Any) -> Json:
    """Amazon's own form has `relevanceScore`."""
    given = lenient.mapping(given)
    score = given.get("relevance_score", given.get("relevanceScore"))
    if not lenient.is_number(score) or not lenient.is_number(given.get("index")):
        raise bad_upstream("the upstream's answer has a result without index and score")
    return {"index": given["index"], "relevance_score": score}
