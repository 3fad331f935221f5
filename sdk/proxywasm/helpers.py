"""Small functions that many plugins need."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def marshal_str(text: str) -> str:
    """Escape a text so that it can stand inside a JSON string.

    >>> print(marshal_str('{"a": 1}'))
    {\\"a\\": 1}
    """
    return json.dumps(text, ensure_ascii=False)[1:-1]


def unmarshal_str(text: str) -> str:
    """The reverse of `marshal_str`. Raises `ValueError` for what is not escaped."""
    return str(json.loads(f'"{text}"'))


def get_value(document: Any, path: str) -> Any:
    """The value at a dotted path in parsed JSON, None if there is none; numbers index lists.

    >>> get_value({"choices": [{"message": {"content": "hi"}}]}, "choices.0.message.content")
    'hi'
    """
    for key in path.split("."):
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


def get_value_from_body(body: bytes | str, paths: Iterable[str]) -> Any:
    """The value at the first of several dotted paths that exists in a JSON body.

    None if none exists, or if the body is not JSON.

    >>> get_value_from_body(b'{"b": {"c": 5}}', ["a", "b.c"])
    5
    """
    try:
        document = json.loads(body)
    except ValueError:
        return None
    for path in paths:
        value = get_value(document, path)
        if value is not None:
            return value
    return None


def unify_sse_chunk(chunk: bytes) -> bytes:
    """All line ends as LF.

    Only for a whole body: between two chunks a CRLF may be cut. `SSEDecoder` does this right for streams.
    """
    return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
