"""How much of anything from outside is kept or parsed. One place, so that an operator sees all of it side by side.

The table of docs/providers.md is made of this file: of each limit its unit, with which its docstring begins, and the
items of the list there, each of which says what is limited and what happens beyond it.
"""

from __future__ import annotations

from typing import Final

_MIB: Final = 1024 * 1024

BODY: Final = 36 * _MIB
"""Bytes. Chats carry images: 32 MiB, and something around them.

* body that is parsed, a request's or an answer's | 413, 502
"""
JSON_VALUES: Final = 500_000
"""Values of one document, or of several that are parsed together.

* values in a document; an object or array counts as ten | 413, 502
"""
JSON_DEPTH: Final = 256
"""Levels.

* objects and arrays within each other | 413, 502
"""
JSON_DIGITS: Final = 100
"""Digits.

* digits of a number, where there are more than a few | 413, 502
"""
CONVERTED: Final = 64 * _MIB
"""Bytes. JSON in a string of JSON can double its size.

* body after its conversion | 413, 502
"""
REPEATED: Final = 16 * _MIB
"""Characters that a name gains in a request because the service wants to hear it again with each text or result.

* names that a service hears with each text or result of a tool, together | 413
"""
UNPARSED_ANSWER: Final = 60 * _MIB
"""Bytes of an answer of which only begin and end are looked at. Where one has a credential it is sent anew, and what is
no ASCII takes twice its size on the way to the host, which takes 127 MiB.

* answer that is not parsed, such as embeddings that pass | 502
"""
ERROR_BODY: Final = 1 * _MIB
"""Bytes that are read for the client.

* error of a service | its status, without its text
"""
FORM_PARTS: Final = 1000
"""Parts.

* parts of a form that is read | 400
"""
FORM_HEADERS: Final = 16 * 1024
"""Bytes.

* headers of one part of a form | 400
"""
FETCHED_FILES: Final = 24 * _MIB
"""Bytes. As base64 they have a third more, and go into the body.

* files that are fetched for a request, together | 413
"""
CONTEXT_FILE: Final = 4 * _MIB
"""Bytes.

* context file | 500, as for any file that cannot be loaded
"""
OWN_ANSWER: Final = 64 * 1024
"""Bytes of an answer to a request of the plugin's own.

* answer to a request for an access token | no token
* answer to a health check of a token | what its status says
"""
EVENT: Final = 16 * _MIB
"""Bytes, in whatever framing. Some carry an image.

* event of a stream that is converted or checked | an error ends the stream
"""
WAITING: Final = 16 * _MIB
"""Characters of a stream that wait until it is known how the client is told of them.

* reasoning that waits for content (`promoteThinkingOnEmpty`) | it goes out as reasoning
* what waits in a stream for the end of a tool call | an error ends the stream
* what a stream repeats in each event, all choices (Qwen without `incremental_output`) | an error ends the stream
"""
TOOL_CALLS: Final = 10_000
"""Calls.

* tool calls of one choice of an answer | an error ends the stream
"""
CHOICES: Final = 1000
"""Choices. OpenAI allows 128.

* choices of a stream | an error ends the stream
"""
KEPT: Final = 128 * _MIB
"""Bytes that the streams of one provider leave in an instance all together.

* requests that wait, with the files that have arrived for them, all of one provider in an instance | 503
* these, and bodies of requests that may have to be made again | no retry
* these, and large events that have not ended yet | an error ends the stream
"""
COUNTED: Final = 64 * 1024
"""Bytes.

* event that has not ended yet and is not counted among those | it is counted
"""

_SHORTEST: Final = 7
"""Digits of the smallest limit of a body. Nearly all lengths are told from it by that."""


def exceeds(content_length: str, limit: int) -> bool:
    """Whether a message says that it is longer; one that does not say so is counted as it arrives."""
    if len(content_length) < _SHORTEST or not content_length.isdecimal():
        return False
    digits = content_length.lstrip("0")
    return len(digits) > 15 or int(digits or "0") > limit
