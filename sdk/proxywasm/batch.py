"""A body that passes while a plugin only looks at it: what it has not been shown yet."""

from __future__ import annotations

from typing import Final

MOST: Final = 16 * 1024
"""Bytes that may have passed before the plugin is shown them. Some fifty chunks of a model."""


class Batch:
    """Pieces of one body. The plugin is shown them together when they are `MOST` bytes or more. Whoever owns it shows
    the rest at the end.
    """

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def keep(self, piece: bytes) -> bool:
        """Add a piece. False: it is not added, because with it the plugin has to be shown what has passed."""
        size = self._size + len(piece)
        if size >= MOST:
            return False
        self._pieces.append(piece)
        self._size = size
        return True

    def taken(self, last: bytes = b"") -> bytes:
        """What the plugin has not been shown, with this piece at the end."""
        pieces, self._pieces, self._size = self._pieces, [], 0
        return b"".join([*pieces, last]) if pieces else last
