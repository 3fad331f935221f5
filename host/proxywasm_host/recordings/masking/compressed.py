"""Compressed bodies: credentials in them can be found, and not replaced."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from .placeholders import Placeholders

_KNOWN: Final = {"gzip", "x-gzip", "deflate"}
_MOST: Final = 64 * 2**20
"""Bytes of a body that is not compressed any more."""


def hidden(headers: Iterable[Sequence[str]], chunks: Sequence[bytes], placeholders: Placeholders) -> str | None:
    """Why a message may have a credential that nobody sees without decompressing it; None: it has none."""
    coding = next((value.strip().lower() for name, value in headers if name.lower() == "content-encoding"), "identity")
    data = b"".join(chunks)
    if coding in ("identity", "") or not data:
        return None
    if coding not in _KNOWN:
        return f"a body is compressed with {coding[:20]}, so credentials in it cannot be found"
    try:
        plain = zlib.decompressobj(wbits=47).decompress(data, _MOST)  # gzip, or deflate with its header
    except zlib.error:
        return f"a body is not the {coding} that it claims to be, so credentials in it cannot be found"
    leak = placeholders.leak(plain.decode(errors="surrogateescape"))
    return f"a compressed body has a credential in it ({leak})" if leak else None
