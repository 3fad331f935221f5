"""All limits for data from clients and services.

The table of docs/providers.md is generated from this file: a docstring begins with the unit of its limit, and each item
of its list says what is limited and what happens beyond the limit.
"""

from __future__ import annotations

from typing import Final

_MIB: Final = 1024 * 1024

BODY: Final = 36 * _MIB
"""Bytes: room for 32 MiB of images in a chat.

* body of a request or an answer that is parsed | 413, 502
"""
JSON_VALUES: Final = 500_000
"""Values of one document, or of several that are parsed together.

* values in a document; an object or array counts as ten | 413, 502
* numbers of all vectors, if the service embeds one text a request and the client does not want base64 | 413
"""
JSON_DEPTH: Final = 256
"""Levels.

* levels of nested objects and arrays | 413, 502
"""
JSON_DIGITS: Final = 100
"""Digits.

* digits of a number, in documents of more than 50,000 bytes | 413, 502
"""
CONVERTED: Final = 64 * _MIB
"""Bytes. JSON in a JSON string can double its size.

* body after its conversion | 413, 502
"""
REPEATED: Final = 16 * _MIB
"""Characters that names add to a request if the service needs them with each text or result.

* names that are repeated in the request with each text or tool result, together | 413
"""
UNPARSED_ANSWER: Final = 60 * _MIB
"""Bytes. If such an answer contains a credential, the plugin sends it to the host again: 127 MiB at most, and text
other than ASCII takes twice its size.

* answer that is buffered and not parsed, such as embeddings | 502
"""
ERROR_BODY: Final = 1 * _MIB
"""Bytes.

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
"""Bytes. They become a part of the body, as base64, a third larger.

* all files that are fetched for a request | 413
"""
CONTEXT_FILE: Final = 4 * _MIB
"""Bytes.

* context file | 500, as for any file that cannot be loaded
"""
OWN_ANSWER: Final = 64 * 1024
"""Bytes of an answer to a request of the plugin itself.

* answer to a request for an access token | no token
* answer to a health check of a token | its status decides
"""
REPEATED_REQUEST: Final = 64 * 1024
"""Characters.

* instructions, tools and more that a response repeats for a client of the Responses API | it does not repeat them
"""
EVENT: Final = 16 * _MIB
"""Bytes, in any framing. Some events contain an image.

* event of a stream that is converted or checked | an error ends the stream
"""
HELD_TEXT: Final = 16 * _MIB
"""Characters of a stream that are held until they can be written.

* reasoning that waits for content (`promoteThinkingOnEmpty`) | it is sent as reasoning
* data of a stream that waits for the end of a tool call | an error ends the stream
* text of a stream for a client of the Responses API, which gets all of it again at the end | an error ends the stream
* text of a stream of Gemini's with a web search, all choices, until its citations come | an error ends the stream
* text that a stream repeats in each event, all choices (Qwen without `incremental_output`) | an error ends the stream
"""
TOOL_CALLS: Final = 10_000
"""Calls.

* tool calls of one choice of an answer | an error ends the stream
* items of a response for a client of the Responses API | an error ends the stream, 502
"""
EMBEDDED_TEXTS: Final = 2048
"""Texts. OpenAI allows as many.

* texts of a request for embeddings if the service embeds one a request (Titan and Nova at Bedrock) | 400
"""
CITATIONS: Final = 20_000
"""Citations.

* citations of web pages in an answer that is converted, in each of their places | an error ends the stream, 502
"""
CITED_TEXT: Final = 4 * _MIB
"""Characters.

* addresses, titles and quotes of these citations | an error ends the stream, 502
"""
CHOICES: Final = 1000
"""Choices. OpenAI allows 128.

* choices of a stream | an error ends the stream
"""
MEMORY_BUDGET: Final = 128 * _MIB
"""Bytes that all streams of one provider may keep in an instance.

* waiting requests with their fetched files, of one provider in an instance | 503
* these, and bodies of requests that may be retried | no retry
* these, and large incomplete events | an error ends the stream
"""
LARGE_EVENT: Final = 64 * 1024
"""Bytes.

* incomplete event that does not count as large | it counts
"""

_SHORTEST: Final = 7
"""Digits of the smallest limit of a body. Nearly all lengths have fewer."""


def exceeds(content_length: str, limit: int) -> bool:
    """Whether a `content-length` is above the limit. Messages without one are counted as they arrive."""
    if len(content_length) < _SHORTEST or not content_length.isdecimal():
        return False
    digits = content_length.lstrip("0")
    return len(digits) > 15 or int(digits or "0") > limit
