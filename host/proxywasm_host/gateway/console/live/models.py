"""The models of a stream that is under way: what its client asks for, and what goes to the service.

Only streams that begin while somebody looks are read, and only the first bytes of their requests.
"""

from __future__ import annotations

import json
import re
from typing import Final

_MOST: Final = 64 * 2**10
_MODEL: Final = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.){0,300}")')


class Models:
    __slots__ = ("_asked_bytes", "_used_bytes", "asked", "used")

    def __init__(self) -> None:
        self.asked: str | None = None
        self.used: str | None = None
        self._asked_bytes = b""
        self._used_bytes = b""

    def asks(self, data: bytes) -> None:
        """These bytes of the client's body arrive."""
        if self.asked is None and len(self._asked_bytes) < _MOST:
            self._asked_bytes += data[:_MOST]
            self.asked = _found(self._asked_bytes)

    def sends(self, data: bytes) -> None:
        """These bytes of a body go to a service."""
        if self.used is None and len(self._used_bytes) < _MOST:
            self._used_bytes += data[:_MOST]
            self.used = _found(self._used_bytes)


def _found(data: bytes) -> str | None:
    if (found := _MODEL.search(data)) is None:
        return None
    try:
        return str(json.loads(found[1]))
    except ValueError:
        return None
