"""The workers that the console asks: each has a pair of sockets with its parent for that."""

from __future__ import annotations

import asyncio
import socket

from ...console.live.peers import RemotePeer


class AskedWorkers:
    """`wanted`: whether there is a console. `workers`: how many there are at a time."""

    def __init__(self, *, wanted: bool, workers: int) -> None:
        self.peers: dict[int, RemotePeer] = {}
        """By their places."""
        self._wanted = wanted
        self._workers = workers
        self._begun = 0

    def sockets(self) -> tuple[socket.socket, socket.socket] | tuple[()]:
        """The parent's and the worker's; none without a console."""
        return socket.socketpair() if self._wanted else ()

    async def add(self, place: int, ours: socket.socket) -> None:
        self._begun += 1
        life = max(self._begun - self._workers, 0)
        self.peers[place] = RemotePeer(*await asyncio.open_connection(sock=ours), life)

    def remove(self, place: int) -> None:
        if (peer := self.peers.pop(place, None)) is not None:
            peer.close()
