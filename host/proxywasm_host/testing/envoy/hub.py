"""All sockets of a test. They send and receive only when the test calls `move`, in the test's own thread."""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

_AT_ONCE = 1 << 20
_BACKLOG = 128


class Receiver(Protocol):
    def received(self, data: bytes) -> None:
        """Bytes have arrived; none: the other side has ended the connection."""


class Hub:
    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def move(self) -> bool:
        """Send and receive what is possible now. Returns whether there was anything."""
        moved = False
        for key, events in self._selector.select(0):
            moved |= key.data(events)
        return moved

    def listen(self, path: Path, accepted: Callable[[Wire], None]) -> Callable[[], None]:
        """Returns what ends it."""
        server = socket.socket(socket.AF_UNIX)
        server.setblocking(False)
        server.bind(str(path))
        server.listen(_BACKLOG)

        def accept(events: int) -> bool:
            del events
            with contextlib.suppress(BlockingIOError):
                accepted(Wire(self, server.accept()[0]))
            return True

        def end() -> None:
            self._selector.unregister(server)
            server.close()

        self._selector.register(server, selectors.EVENT_READ, accept)
        return end

    def connect(self, path: Path) -> Wire:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(path))
        except OSError:
            client.close()
            raise
        return Wire(self, client)

    def watch(self, wire: Wire, events: int) -> None:
        try:
            self._selector.modify(wire.socket, events, wire.move)
        except KeyError:
            self._selector.register(wire.socket, events, wire.move)

    def forget(self, wire: Wire) -> None:
        self._selector.unregister(wire.socket)

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()


class Wire:
    """One connection."""

    def __init__(self, hub: Hub, connected: socket.socket) -> None:
        self.socket = connected
        self.receiver: Receiver | None = None
        self.open = True
        connected.setblocking(False)
        self._hub = hub
        self._unsent = bytearray()
        hub.watch(self, selectors.EVENT_READ)

    def send(self, data: bytes | None) -> None:
        """Send data. What the other side does not accept now is sent later."""
        if self.open and data:
            self._unsent += data
            self._write()

    def move(self, events: int) -> bool:
        moved = False
        if events & selectors.EVENT_WRITE:
            moved = self._write()
        if events & selectors.EVENT_READ and self.open:
            moved |= self._read()
        return moved

    def close(self) -> None:
        if self.open:
            self.open = False
            self._hub.forget(self)
            self.socket.close()

    def _write(self) -> bool:
        try:
            count = self.socket.send(self._unsent)
        except BlockingIOError:
            count = 0
        except ConnectionError:
            # What the other side has sent before it closed can still be read.
            count = len(self._unsent)
        del self._unsent[:count]
        self._hub.watch(self, selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0))
        return count > 0

    def _read(self) -> bool:
        try:
            data = self.socket.recv(_AT_ONCE)
        except BlockingIOError:
            return False
        except ConnectionError:
            data = b""
        if not data:
            self.close()
        assert self.receiver is not None
        self.receiver.received(data)
        return True
