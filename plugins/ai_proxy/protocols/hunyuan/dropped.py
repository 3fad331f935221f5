"""Fields of answers that have no place in a chat of OpenAI's protocol; see `Dialect.dropped`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Created": "the answer has the time of its conversion",
        "Note": "a notice that the text is made by a machine",
        "Response.Created": "the answer has the time of its conversion",
        "Response.Note": "a notice that the text is made by a machine",
        "Response.RequestId": "the answer has its own id",
    }
)
