"""Requests for embeddings in OpenAI's protocol, and answers to them."""

from __future__ import annotations

import base64
import binascii
from array import array
from collections.abc import Iterable, Sequence
from sys import byteorder
from typing import Any

from ...wire import lenient, limits
from ...wire.errors import ApiError, bad_upstream, request_too_large
from ...wire.json import Json
from ..exchange import Exchange


def remember_format(exchange: Exchange, body: Json) -> None:
    """Note how the client wants its vectors: as arrays of numbers, or in base64, which OpenAI's SDKs ask for."""
    exchange.base64_vectors = body.get("encoding_format") == "base64"


def texts(given: Any) -> list[str]:
    """The texts of a request for embeddings. Raises `ApiError` for tokens, which are specific to a model."""
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list) or not given or not all(isinstance(text, str) for text in given):
        raise ApiError(400, "input must be a text or an array of texts", param="input")
    return given


def input_type(body: Json) -> str:
    """What Cohere's models must know of a text. OpenAI's protocol does not say it; clients may."""
    return lenient.text(body.get("input_type")) or "search_document"


class EarlierTexts:
    """The answers for all texts of a request but the last, if the service embeds one a request."""

    def __init__(self, exchange: Exchange, texts: int) -> None:
        """Raises `ApiError` if there are too many texts."""
        if texts > limits.EMBEDDED_TEXTS:
            raise ApiError(
                400,
                f"with this model a request may have {limits.EMBEDDED_TEXTS} texts at most, and this one has {texts}",
                param="input",
            )
        self._exchange = exchange
        self._numbers = 0
        self.answers: list[Json] = [{}] * (texts - 1)
        """Of each text in its place: the vector as the client gets it, and the number of its tokens."""

    def add(self, index: int, vectors: list[Any], tokens: int) -> None:
        """Raises `ApiError` if there is not one vector, or if the vectors of the request become too many numbers."""
        if len(vectors) != 1:
            raise bad_upstream(f"the upstream's answer for one text has {len(vectors)} embeddings")
        vector = _vector(self._exchange, vectors[0])
        if isinstance(vector, list):
            self._numbers += len(vector)
            if self._numbers > limits.JSON_VALUES:
                raise request_too_large(
                    "the embeddings of the request's texts have too many numbers: ask for fewer texts, or for base64"
                )
        self.answers[index] = {"embedding": vector, "tokens": tokens}


def answer(
    exchange: Exchange, vectors: Iterable[tuple[int, Any]], prompt_tokens: int, *, earlier: Sequence[Json] = ()
) -> Json:
    """The answer. `vectors`: each with its index in the request. `earlier`: those of `EarlierTexts`, in front of them.

    Raises `ApiError` if one of them is neither a list nor base64.
    """
    found = [one["embedding"] for one in earlier]
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(found)]
    data += [
        {"object": "embedding", "index": len(found) + index, "embedding": _vector(exchange, vector)}
        for index, vector in vectors
    ]
    tokens = prompt_tokens + sum(one["tokens"] for one in earlier)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": exchange.model, "usage": usage}


def _vector(exchange: Exchange, given: Any) -> Any:
    if isinstance(given, str):  # A service that encodes vectors itself.
        return given if exchange.base64_vectors else _decoded(given).tolist()
    if not isinstance(given, list):
        raise bad_upstream("the upstream's answer has an embedding that is not an array")
    return _encoded(given) if exchange.base64_vectors else given


def _encoded(vector: list[Any]) -> str:
    """Little-endian 32-bit floats in base64. Source: OpenAI's SDKs, which decode them so."""
    try:
        floats = array("f", vector)
    except (TypeError, OverflowError):
        raise bad_upstream("the upstream's answer has an embedding with other values than numbers") from None
    return base64.b64encode(_little_endian(floats).tobytes()).decode()


def _decoded(text: str) -> array[float]:
    floats = array("f")
    try:
        floats.frombytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise bad_upstream("the upstream's answer has an embedding that is neither an array nor base64") from None
    return _little_endian(floats)


def _little_endian(floats: array[float]) -> array[float]:
    if byteorder == "big":
        floats.byteswap()
    return floats
