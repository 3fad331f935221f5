"""Files inside JSON documents, and what kind of file some bytes are."""

from __future__ import annotations

from typing import Final, NamedTuple


class Data(NamedTuple):
    """A file in base64 and its media type."""

    media_type: str
    base64: str


_SIGNATURES: Final = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
)


def media_type(data: bytes) -> str:
    """The media type that the first bytes of a file show; empty if they show none.

    >>> media_type(b"GIF89a..."), media_type(b"a text")
    ('image/gif', '')
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES if data.startswith(start)), "")
