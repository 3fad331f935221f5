"""Files of conversations: what each kind is, in whatever protocol it is written."""

from __future__ import annotations

from base64 import b64encode
from typing import Final, NamedTuple

PDF: Final = "JVBERi0xLjQK"
PNG: Final = "iVBORw0KGgo="


class Document(NamedTuple):
    name: str
    """Empty: it has none."""
    media_type: str
    data: str


IMAGES: Final = {"image": "image/png", "jpg": "image/jpg", "upper": "IMAGE/PNG", "webp": "image/webp"}
"""Media types of images, as clients write them."""
ADDRESS: Final = "https://img.example.com/photo?id=7"
PDF_ADDRESS: Final = "https://e.com/a.pdf"
_NAMES: Final = {
    "named": "Bericht__2025 (v2).pdf", "unnamed": "", "pdf": "报告", "long": "very long name " * 20 + ".pdf",
    "hidden": ".pdf", "lines": "two\nlines\t of a/name\u200b.pdf",
}  # fmt: skip
DOCUMENTS: Final = {kind: Document(name, "application/pdf", PDF) for kind, name in _NAMES.items()} | {
    "text": Document("notes.txt", "text/plain", b64encode(b"plain words").decode()),
    "csv": Document("table.csv", "text/csv", b64encode(b"a,b\n1,2\n").decode()),
}
FILES: Final = (*IMAGES, "address", *DOCUMENTS)
