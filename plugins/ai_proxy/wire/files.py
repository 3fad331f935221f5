"""Files inside JSON documents."""

from __future__ import annotations

from typing import NamedTuple


class Data(NamedTuple):
    """A file in base64 and its media type."""

    media_type: str
    base64: str
