"""A body that passes while a plugin only looks at it: what it has not been shown yet."""

from __future__ import annotations

from typing import Final

MOST: Final = 16 * 1024
"""Bytes that may have passed before the plugin is shown them. Some fifty chunks of a model."""


class Batch:
    """Pieces of one body. The plugin is shown the first one at once, so that it knows when the body has begun; later ones
    together, when they are `MOST` bytes or more. Whoever owns it shows the rest at the end.
    """

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = MOST

    def add(self, piece: bytes) -> bool:
        """Whether it is time to show what has passed."""
        self._pieces.append(piece)
        self._size += len(piece)
        return self._size >= MOST

    def keep(self, piece: bytes) -> bool:
        """Add it, unless it would be time to show what has passed."""
        size = self._size + len(piece)
        if size >= MOST:
            return False
        self._pieces.append(piece)
        self._size = size
        return True

    def taken(self) -> bytes:
        """What the plugin has not been shown."""
        pieces, self._pieces = self._pieces, []
        self._size = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
