"""All limits for data from clients and services. The values and nesting of a document are limited by `json.BOUNDS`."""

from __future__ import annotations

from typing import Final

_MIB: Final = 1024 * 1024

BODY: Final = 36 * _MIB
"""Bytes of a body that is parsed, of a client or a service: room for 32 MiB of images in a chat."""
UNPARSED_ANSWER: Final = 60 * _MIB
"""Bytes of an answer that is buffered but not parsed, such as embeddings. If it contains a credential, the plugin sends
it to the host again: 127 MiB at most, and text other than ASCII takes twice its size."""
CONVERTED: Final = 64 * _MIB
"""Bytes of a body after its conversion. JSON in a JSON string can double its size."""
REPEATED: Final = 16 * _MIB
"""Characters that names add to a request if the service needs them with each text or result."""
ERROR_BODY: Final = 1 * _MIB
"""Bytes of a service's error that are read."""
FORM_PARTS: Final = 1000
"""Parts of a form that is read."""
FORM_HEADERS: Final = 16 * 1024
"""Bytes of headers of one part."""
FETCHED_FILES: Final = 24 * _MIB
"""Bytes of all files that a request names. They become a part of the body, as base64, a third larger."""
CONTEXT_FILE: Final = 4 * _MIB
"""Bytes of the context file."""
OWN_ANSWER: Final = 64 * 1024
"""Bytes of an answer to a request of the plugin itself: for an access token, or a health check."""
EVENT: Final = 16 * _MIB
"""Bytes of one event of a stream, in any framing. Some events contain an image."""
WAITING: Final = 16 * _MIB
"""Characters of a stream that are held until they can be written."""
TOOL_CALLS: Final = 10_000
"""Tool calls of one choice of an answer."""
CHOICES: Final = 1000
"""Choices of a stream. OpenAI allows 128."""
COUNTED: Final = 64 * 1024
"""Bytes. Incomplete events of at least this size count towards `KEPT`."""
KEPT: Final = 128 * _MIB
"""Bytes that all streams of one provider may keep in an instance: waiting requests with their fetched files, requests
that may be retried, and large incomplete events."""

_SHORTEST: Final = 7
"""Digits of the smallest limit of a body. Nearly all lengths have fewer."""


def exceeds(content_length: str, limit: int) -> bool:
    """Whether a `content-length` is above the limit. Messages without one are counted as they arrive."""
    if len(content_length) < _SHORTEST or not content_length.isdecimal():
        return False
    digits = content_length.lstrip("0")
    return len(digits) > 15 or int(digits or "0") > limit
