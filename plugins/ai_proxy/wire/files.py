"""Files inside JSON documents, and what kind of file some bytes are."""

from __future__ import annotations

from typing import Final, NamedTuple


class Data(NamedTuple):
    """A file in base64 and its media type."""

    media_type: str
    base64: str


_REGISTERED: Final = {
    "image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png", "image/x-ms-bmp": "image/bmp",
    "application/x-pdf": "application/pdf", "audio/x-wav": "audio/wav", "audio/wave": "audio/wav",
    "text/x-markdown": "text/markdown",
}  # fmt: skip
"""Names that clients use for media types, by the name under which IANA has them."""

_SIGNATURES: Final = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
)


def registered(given: str) -> str:
    """The name of a media type that services know.

    >>> registered("image/JPG")
    'image/jpeg'
    """
    name = given.strip().lower()
    return _REGISTERED.get(name, name)


_TEXTS: Final = frozenset(
    {"application/json", "application/xml", "application/yaml", "application/x-yaml", "application/javascript"}
)


def is_text(kind: str) -> bool:
    """Whether a file of this media type is a text.

    >>> is_text("text/csv; charset=utf-8"), is_text("application/json"), is_text("application/pdf")
    (True, True, False)
    """
    return kind.startswith("text/") or kind.partition(";")[0] in _TEXTS


def media_type(data: bytes) -> str:
    """The media type that the first bytes of a file show; empty if they show none.

    >>> media_type(b"GIF89a..."), media_type(b"a text")
    ('image/gif', '')
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES if data.startswith(start)), "")
