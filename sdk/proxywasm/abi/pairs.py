"""The ABI's serialisation of header maps."""

from __future__ import annotations

from struct import pack

from ..text import to_bytes, to_text
from ..wire import Fields, split_fields


def split_pairs(raw: bytes | None) -> Fields:
    """The fields of a serialised header map; none if there is no map.

    u32 count; count times u32 size of the name, u32 size of the value; then name NUL value NUL for each. Numbers are
    little-endian (https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1, serialization).
    """
    if not raw:
        return []
    # NUL cannot occur in a field, so the sizes say nothing that the separators do not.
    start = 4 + 8 * int.from_bytes(raw[:4], "little")
    return split_fields(to_text(raw[start:-1]))


def join_pairs(fields: Fields) -> bytes:
    """Serialise fields.

    >>> split_pairs(join_pairs([(":path", "/"), ("x", "")]))
    [(':path', '/'), ('x', '')]
    """
    texts = [to_bytes(text) for field in fields for text in field]
    sizes = pack(f"<{len(texts) + 1}I", len(fields), *map(len, texts))
    return sizes + b"\0".join([*texts, b""]) if texts else sizes
