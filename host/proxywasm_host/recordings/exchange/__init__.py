"""Exchange files: recorded HTTP streams, and what the plugin made of them; see `tests/conformance/README.md`.

A file holds one exchange or an array of them. Loading checks everything that a replay relies on, so that a mistake in
a file written by hand is found where it was made: `file: exchange 3 ("chat"): request.headers: ...`.
"""

from .chunks import JsonChunk, chunk_from_json, chunk_to_json
from .model import CallOut, Exchange, Message
from .reading import ExchangeError, load
from .times import time_ns_of, time_text
from .writing import dump, to_document, to_json

__all__ = [
    "CallOut",
    "Exchange",
    "ExchangeError",
    "JsonChunk",
    "Message",
    "chunk_from_json",
    "chunk_to_json",
    "dump",
    "load",
    "time_ns_of",
    "time_text",
    "to_document",
    "to_json",
]
