"""Fields of answers that have no place in a chat of OpenAI's protocol; see `Dialect.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "base_resp.status_msg": "it says `success`; those of errors reach the client",
        "choices[].messages[].sender_type": "a part of the form, which the client's protocol has in its own",
        "output_sensitive": "OpenAI's chats have no field for it",
        "reply": "it repeats the text of the choice",
    }
)
