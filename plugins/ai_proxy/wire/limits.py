"""How much of anything from outside is kept or parsed. One place, so that an operator sees all of it side by side.

How many values a document may hold, and how deep they may nest, is `json.BOUNDS`.
"""

from __future__ import annotations

from typing import Final

_MIB: Final = 1024 * 1024

BODY: Final = 36 * _MIB
"""Bytes of a body that is parsed, a client's or a service's. Chats carry images: 32 MiB, and something around them."""
UNPARSED_ANSWER: Final = 60 * _MIB
"""Bytes of an answer of which only begin and end are looked at, such as embeddings that nobody converts. Where one has
a credential it is sent anew, and what is no ASCII takes twice its size on the way to the host, which takes 127 MiB."""
CONVERTED: Final = 64 * _MIB
"""Bytes that a body may have become. JSON in a string of JSON can double its size."""
REPEATED: Final = 16 * _MIB
"""Characters that a name gains in a request because the service wants to hear it again with each text or result."""
ERROR_BODY: Final = 1 * _MIB
"""Bytes of a service's error that are read for the client."""
FORM_PARTS: Final = 1000
"""Parts of a form that is read."""
FORM_HEADERS: Final = 16 * 1024
"""Bytes of headers of one part."""
FETCHED_FILES: Final = 24 * _MIB
"""Bytes of the files that a request names, together. As base64 they have a third more, and go into the body."""
CONTEXT_FILE: Final = 4 * _MIB
"""Bytes of the context file."""
OWN_ANSWER: Final = 64 * 1024
"""Bytes of an answer to a request of the plugin's own: for an access token, or whether a token of a provider works."""
EVENT: Final = 16 * _MIB
"""Bytes of one event of a stream, in whatever framing. Some carry an image."""
WAITING: Final = 16 * _MIB
"""Characters of a stream that wait until it is known how the client is told of them."""
TOOL_CALLS: Final = 10_000
"""Tool calls of one choice of an answer."""
CHOICES: Final = 1000
"""Choices of a stream. OpenAI allows 128."""
COUNTED: Final = 64 * 1024
"""Bytes of an event from which on it counts towards `KEPT` while it arrives."""
KEPT: Final = 128 * _MIB
"""Bytes that the streams of one provider leave in an instance all together: requests that wait, with the files that
have been fetched for them, requests that may have to be made again, and large events that have not ended yet."""

_SHORTEST: Final = 7
"""Digits of the smallest limit of a body. Nearly all lengths are told from it by that."""


def exceeds(content_length: str, limit: int) -> bool:
    """Whether a message says that it is longer; one that does not say so is counted as it arrives."""
    if len(content_length) < _SHORTEST or not content_length.isdecimal():
        return False
    digits = content_length.lstrip("0")
    return len(digits) > 15 or int(digits or "0") > limit
