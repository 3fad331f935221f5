"""Fields of answers that have no place in a chat of OpenAI's protocol; see `Dialect.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "output.choices[].message.tool_calls[].type": "a part of the form, which the client's protocol has in its own",
        "request_id": "it is the id of the answer",
        "usage": "that of the last event counts",
    }
)

EMBEDDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "request_id": "OpenAI's chats have no field for it",
    }
)
