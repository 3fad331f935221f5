"""Body bytes in JSON."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TypeAlias

from ...reading import shown

JsonChunk: TypeAlias = "str | dict[str, str]"
"""Body bytes in a file: text if they are UTF-8, otherwise `{"base64": ...}`."""


def chunk_to_json(data: bytes) -> JsonChunk:
    """Bytes as a file has them.

    >>> chunk_to_json(b"hi"), chunk_to_json(b"\\xff")
    ('hi', {'base64': '/w=='})
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def chunk_from_json(value: object) -> bytes:
    """Raises `ValueError` with what is wrong."""
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise ValueError('half a surrogate pair is no text; write such bytes as {"base64": "..."}') from None
    if isinstance(value, dict) and value.keys() == {"base64"} and isinstance(value["base64"], str):
        try:
            return base64.b64decode(value["base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"is not base64: {error}") from None
    raise ValueError(f'expected text or {{"base64": "..."}}, got {brief(value)}')


def brief(value: object) -> str:
    """A value of a file, shortened for an error message."""
    return shown(json.dumps(value, ensure_ascii=False))
