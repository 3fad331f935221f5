"""AWS Bedrock for embeddings, by `InvokeModel`: each vendor's models have their own requests and answers.

Source: docs.aws.amazon.com/bedrock/latest/userguide, "Amazon Titan Embeddings Text", "Amazon Titan Multimodal
Embeddings", "Cohere Embed"; docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, Final

from proxywasm import Event

from ...profiles.facts import Embedding
from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import PartsWanted, StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import embeddings
from .answer import error
from .chat import path_of

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

TOKENS: Final = "x-amzn-bedrock-input-token-count"
"""The header with the number of a text's tokens."""

_SEVERAL: Final = frozenset({Embedding.COHERE_3, Embedding.COHERE})
"""Take several texts in a request; the others one."""

_NOVA_SIZE: Final = 3072
"""The dimensions of Nova's vectors by default."""


def request(exchange: Exchange, body: Json) -> Json:
    build = _REQUESTS.get(exchange.profile.embedding)
    if build is None:
        raise ApiError(
            400,
            "the model is not known as one for embeddings; `modelFamily` of the gateway's configuration can name its "
            "family",
            param="model",
        )
    exchange.headers["accept"] = "*/*"
    exchange.path = path_of(exchange.model, "invoke")
    embeddings.remember_format(exchange, body)
    texts = embeddings.texts(body.get("input"))
    if exchange.profile.embedding in _SEVERAL or len(texts) == 1:
        return build(body, texts)
    if exchange.expected.parts is None:
        earlier = embeddings.EarlierTexts(exchange, len(texts))
        exchange.expected.parts = earlier.answers
        raise PartsWanted(
            [build(body, [text]) for text in texts[:-1]],
            lambda index, answer, headers: earlier.add(index, *_read(answer, headers.get(TOKENS, ""))),
        )
    return build(body, texts[-1:])


def response(exchange: Exchange, document: Json) -> Json:
    vectors, tokens = _read(document, exchange.answer.token_count)
    return embeddings.answer(exchange, enumerate(vectors), tokens, earlier=exchange.expected.parts or ())


def _read(document: Json, header: str) -> tuple[list[Any], int]:
    """The vectors of an answer and the tokens of its texts. Raises `ApiError` if it is an error or invalid."""
    if (failure := error(200, document)) is not None:
        raise failure
    tokens = document.get("inputTextTokenCount")
    if tokens is None:
        # Only in a header. Source, as no page names it: public clients of AWS' API.
        tokens = lenient.digits(header)
    return list(_vectors(document)), lenient.count(tokens)


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams embeddings")


def _vectors(document: Json) -> Iterator[Any]:
    """Titan has `embedding`, Nova a list of objects with one each; Cohere a list of vectors, or one for each type."""
    if "embedding" in document:
        yield document["embedding"]
        return
    found = document.get("embeddings")
    if isinstance(found, dict):
        found = found.get("float")
    if not isinstance(found, list):
        raise bad_upstream("the upstream's answer has no embeddings")
    for one in found:
        yield one.get("embedding") if isinstance(one, dict) else one


def _titan_first(body: Json, texts: list[str]) -> Json:  # noqa: ARG001
    """The first generation has no parameters."""
    return {"inputText": texts[0]}


def _titan(body: Json, texts: list[str]) -> Json:
    sent: Json = {"inputText": texts[0]}
    return sent | {name: body[name] for name in ("dimensions", "normalize") if body.get(name) is not None}


def _titan_image(body: Json, texts: list[str]) -> Json:
    sent: Json = {"inputText": texts[0]}
    if body.get("dimensions") is not None:
        sent["embeddingConfig"] = {"outputEmbeddingLength": body["dimensions"]}
    return sent


def _cohere_v3(body: Json, texts: list[str]) -> Json:
    """Models of version 3 have one size. Without `embedding_types` the answer is a list of vectors."""
    sent: Json = {"texts": texts, "input_type": embeddings.input_type(body)}
    return sent if body.get("truncate") is None else {**sent, "truncate": body["truncate"]}


def _cohere(body: Json, texts: list[str]) -> Json:
    sent = {**_cohere_v3(body, texts), "embedding_types": ["float"]}
    return sent if body.get("dimensions") is None else {**sent, "output_dimension": body["dimensions"]}


def _nova(body: Json, texts: list[str]) -> Json:
    given, size = lenient.text(body.get("embeddingPurpose")), body.get("dimensions")
    return {
        "schemaVersion": "nova-multimodal-embed-v1",
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": given or "GENERIC_INDEX",
            "embeddingDimension": _NOVA_SIZE if size is None else size,
            # OpenAI refuses a text that is too long, too.
            "text": {"truncationMode": "NONE", "value": texts[0]},
        },
    }


_REQUESTS: Final = MappingProxyType[Embedding, Callable[[Json, list[str]], Json]](
    {
        Embedding.TITAN_FIRST: _titan_first,
        Embedding.TITAN: _titan,
        Embedding.TITAN_IMAGE: _titan_image,
        Embedding.COHERE_3: _cohere_v3,
        Embedding.COHERE: _cohere,
        Embedding.NOVA: _nova,
    }
)
