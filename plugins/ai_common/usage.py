"""How many tokens an answer has used, in the bytes that the client gets: a stream of events or one document, in any
client protocol (OpenAI's chat, completions, embeddings and Responses; Anthropic's messages; Gemini's).

Chunks may be cut anywhere. A chunk costs one search for bytes: nearly none has a usage.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 2048
"""Bytes of a usage object that are read."""
MOST_TOKENS: Final = 10**12
"""A service that reports more tokens than this has not counted: the number is treated as missing."""
_KEY: Final = b'"usage'
_NULL: Final = b'"usage":null'
_SPACED_NULL: Final = b'"usage": null'
"""In each chunk but the last, if an OpenAI client asks for the usage."""
_USAGE: Final = re.compile(rb'"usage(?:Metadata)?"\s*:\s*(?=\{)')
"""Within a JSON string the quotation marks would be escaped, so text of the model does not match."""
_scan: Final = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # the parser itself, without Python around it
_LOOKED_BACK: Final = 32
"""Bytes at the end of a chunk that may be the beginning of a key."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one answer."""

    input: int
    """All of the input, those from a cache included."""
    output: int
    """All of the output, those of reasoning included."""
    total: int
    """As the service reports it, otherwise input and output."""
    cached: int = 0
    """Those of the input that the service had in a cache."""
    reasoning: int = 0
    """Those of the output that were spent on reasoning."""
    cache_writes: int = 0
    """Those of the input that the service has put into a cache. Only Anthropic reports them."""


class UsageReader:
    """Reads the usage of one answer: `feed` each chunk for the client, then `usage()`.

    `usage()` may be asked at any time, also for a stream that was cut: it is what has been seen so far.
    """

    __slots__ = ("_document", "_tail")

    def __init__(self) -> None:
        self._document: dict[str, Any] = {}
        """The usage objects so far, later ones over earlier ones: Anthropic's streams report at their beginning what
        went in, and at their end what came out."""
        self._tail = b""
        """The end of what was fed: there may be the beginning of a usage in it."""

    def feed(self, chunk: bytes) -> None:
        data = self._tail + chunk if self._tail else chunk
        # Events end with a blank line, and so do most chunks of a stream: then nothing goes on in the next chunk.
        self._tail = b"" if data.endswith(b"\n\n") else data[-_LOOKED_BACK:]
        if _KEY in data and data.count(_KEY) != data.count(_NULL) + data.count(_SPACED_NULL):
            self._find(data)

    def _find(self, data: bytes) -> None:
        for match in _USAGE.finditer(data):
            text = data[match.end() : match.end() + MOST]
            found = _parsed(text)
            if found is not None:
                self._document |= found
            elif len(text) < MOST:
                self._tail = data[match.start() :]  # its end is in a later chunk
                return

    def usage(self) -> Usage | None:
        """None if the answer has not reported any tokens."""
        return read_usage(self._document) if self._document else None


def read_usage(usage: dict[str, Any]) -> Usage | None:
    """The tokens of a usage object of any client protocol. None if it has no number of tokens."""
    get = usage.get
    given = _count(get("prompt_tokens") or get("promptTokenCount"))
    made = _count(get("completion_tokens") or get("output_tokens"))
    details = get("prompt_tokens_details") or get("input_tokens_details")
    cached = _detail(details, "cached_tokens") or _count(get("cachedContentTokenCount"))
    writes = 0
    if not given:
        # Anthropic counts what comes from a cache and goes into it beside the input.
        writes, beside = _count(get("cache_creation_input_tokens")), _count(get("cache_read_input_tokens"))
        given, cached = _count(get("input_tokens")) + writes + beside, cached or beside
    reasoning = _detail(get("completion_tokens_details") or get("output_tokens_details"), "reasoning_tokens")
    if not made:
        reasoning = reasoning or _count(get("thoughtsTokenCount"))
        made = _count(get("candidatesTokenCount")) + _count(get("thoughtsTokenCount"))
    total = _count(get("total_tokens") or get("totalTokenCount")) or given + made
    return Usage(given, made, total, cached, reasoning, writes) if total else None


def _detail(details: Any, name: str) -> int:
    return _count(details.get(name)) if isinstance(details, dict) else 0


def _count(value: Any) -> int:
    """A number of tokens; 0 for anything else. Floats are accepted: in some languages all numbers are floats."""
    if type(value) not in (int, float) or not 0 < value <= MOST_TOKENS:
        return 0
    return int(value)


def _parsed(text: bytes) -> dict[str, Any] | None:
    """The object at the beginning of a text; None if it is incomplete or cannot be read."""
    try:
        found: Any = _scan(text.decode(errors="replace"), 0)[0]
    except (StopIteration, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
