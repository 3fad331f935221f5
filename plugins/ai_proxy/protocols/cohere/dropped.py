"""Fields of answers that have no place in a chat of OpenAI's protocol; see `Dialect.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "is_finished": "a part of the form, which the client's protocol has in its own",
        "response_id": "it is the id of the answer, too",
        "message.role": "a part of the form, which the client's protocol has in its own",
        "message.citations": "documents with an address become `annotations`; OpenAI's chats cite no others",
        "generation_id": "it is the id of the answer, too",
        "citations": "version 1 names documents by an id only",
        "index": "a part of the form, which the client's protocol has in its own",
        "delta.message.citations": "documents with an address become `annotations`; OpenAI's chats cite no others",
    }
)

EMBEDDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "OpenAI's chats have no field for it",
        "texts": "they are those of the request",
        "response_type": "a part of the form, which the client's protocol has in its own",
        "images": "OpenAI's chats have no field for it",
        "meta.api_version": "a part of the form, which the client's protocol has in its own",
        "meta.warnings": "OpenAI's chats have no field for it",
    }
)
