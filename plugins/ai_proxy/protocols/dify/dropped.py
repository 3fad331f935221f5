"""Fields of answers that have no place in a chat of OpenAI's protocol; see `Dialect.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "conversation_id": "clients get it in the header that the settings name",
        "created_at": "the answer has the time of its conversion",
        "data": "what the steps of a workflow do is not a part of the answer",
        "id": "it is the id of the message, too",
        "message_id": "it is the id of the answer, too",
        "metadata.retriever_resources": "OpenAI's chats have no field for it",
        "metadata.usage": "OpenAI's chats have no field for it",
        "mode": "a part of the form, which the client's protocol has in its own",
        "task_id": "OpenAI's chats have no field for it",
        "workflow_run_id": "OpenAI's chats have no field for it",
    }
)
