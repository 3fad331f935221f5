"""Fields of answers that have no place in a chat of OpenAI's protocol; see `Dialect.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "contentBlockIndex": "a part of the form, which the client's protocol has in its own",
        "output.message.role": "a part of the form, which the client's protocol has in its own",
        "output.message.content[].citationsContent.citations": "web pages become `annotations`; OpenAI's chats cite no "
        "documents",
        "delta.citation": "web pages become `annotations`; OpenAI's chats cite no documents",
        "metrics": "OpenAI's chats have no field for it",
        "usage.totalTokens": "it is the sum of the others",
        "performanceConfig": "OpenAI's chats have no field for it",
        "serviceTier": "OpenAI's chats have no field for it",
        "trace": "OpenAI's chats have no field for it",
        "additionalModelResponseFields": "OpenAI's chats have no field for it",
    }
)

EMBEDDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "embeddingsByType": "it repeats `embedding`",
        "id": "OpenAI's chats have no field for it",
        "texts": "they are those of the request",
        "response_type": "a part of the form, which the client's protocol has in its own",
        "message": "it is empty in an answer that has a vector",
        "embeddings[].embeddingType": "a part of the form, which the client's protocol has in its own",
        "embeddings[].truncatedCharLength": "OpenAI's chats have no field for it",
    }
)
