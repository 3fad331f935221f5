"""What a request will probably use, from its bytes: it has to be known before the service has counted.

The request is not parsed as JSON: bodies may have many megabytes, and an estimate may be wrong. What is found too much
is given back when the answer has ended; what is found too little counts then.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

IMAGE_TOKENS: Final = 1000
"""For a file inside the request, whatever its size."""
_MAX_TOKENS: Final = re.compile(rb'"max_(?:completion_|output_)?tokens"\s*:\s*([0-9]{1,15})(?![0-9.eE])')
"""Within a JSON string the quotation marks would be escaped."""
_CHOICES: Final = re.compile(rb'"n"\s*:\s*([0-9]{1,3})(?![0-9.eE])')
_FILE: Final = re.compile(rb"[A-Za-z0-9+/=_-]{2000,}")
_LONG_BODY: Final = 4000
_MOST: Final = 10**9
_NO_OUTPUT: Final = ("/embeddings", "/moderations", "/rerank", "/count_tokens")
"""Ends of paths of APIs whose answers are not made of tokens."""


class Estimate(NamedTuple):
    input: int
    output: int


def estimate(path: str, body: bytes, bytes_per_token: int, reserved_output: int) -> Estimate:
    """An estimate of the tokens of a request with this path and body."""
    size, files = len(body), 0
    if size > _LONG_BODY:
        for found in _FILE.finditer(body):
            size -= found.end() - found.start()
            files += 1
    given = -(-size // bytes_per_token) + files * IMAGE_TOKENS
    if path.partition("?")[0].endswith(_NO_OUTPUT):
        return Estimate(given, 0)
    limits = [int(number) for number in _MAX_TOKENS.findall(body)]
    output = max(limits) if limits else reserved_output
    choices = [int(number) for number in _CHOICES.findall(body)]
    return Estimate(given, min(output * max(1, *choices, 1), _MOST))
