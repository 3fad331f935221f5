"""Fields of answers that have no place in a chat of OpenAI's protocol; see `Dialect.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "type": "a part of the form, which the client's protocol has in its own",
        "role": "a part of the form, which the client's protocol has in its own",
        "index": "a part of the form, which the client's protocol has in its own",
        "message.type": "a part of the form, which the client's protocol has in its own",
        "message.role": "a part of the form, which the client's protocol has in its own",
        "message.content": "a part of the form, which the client's protocol has in its own",
        "message.stop_reason": "a stream ends with the one in message_delta",
        "message.stop_sequence": "OpenAI's chats have no field for it",
        "model": "the client named it; the answer has the name of the request",
        "message.model": "the client named it; the answer has the name of the request",
        "stop_sequence": "OpenAI's chats have no field for it",
        "delta.stop_sequence": "OpenAI's chats have no field for it",
        "content[].citations": "web pages become `annotations`; OpenAI's chats cite no documents",
        "delta.citation": "web pages become `annotations`; OpenAI's chats cite no documents",
        "content_block.citations": "a part of the form, which the client's protocol has in its own",
        "content_block.signature": "the signature comes in a delta of its own",
    }
)
