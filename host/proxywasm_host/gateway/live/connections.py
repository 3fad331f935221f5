"""The connections of clients, and how many there may be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, cast

from .http1.server import ClientConnection

_AGAIN: Final = 0.9
"""When so much of the limit is in use or less, the next time that it is reached is logged again."""


class ClientConnections:
    """Those of one worker."""

    def __init__(self, most: int, log: Callable[[str], None]) -> None:
        self._most = most
        self._log = log
        self._open: set[ClientConnection] = set()
        self._told = False
        self.handshakes = 0
        """Further connections, which have not proved yet that they speak TLS."""

    def __iter__(self) -> Iterator[ClientConnection]:
        return iter(self._open.copy())

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: ClientConnection) -> None:
        self._open.add(connection)

    def discard(self, connection: ClientConnection) -> None:
        self._open.discard(connection)
        if len(self._open) <= self._most * _AGAIN:
            self._told = False

    def full(self) -> bool:
        """Whether the next one has to be refused. That is logged once, until there is room again."""
        if len(self._open) + self.handshakes < self._most:
            return False
        if not self._told:
            self._told = True
            self._log(
                f"{self._most:,} clients are connected, as many as may be: others are refused until some have left "
                "(limits.connections)"
            )
        return True


class Refused(asyncio.Protocol):
    """A connection that is closed at once, as Envoy does."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()
