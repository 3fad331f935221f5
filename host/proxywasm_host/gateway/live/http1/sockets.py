"""What connections of both sides have in common: how they read, and how they hold the other side back."""

from __future__ import annotations

import asyncio
import select
from typing import Final, cast

READ_SIZE: Final = 1 << 16
"""Bytes that are read at once at most."""
_BUFFER: Final = memoryview(bytearray(READ_SIZE))


class Socket(asyncio.BufferedProtocol):
    """A connection that reads into the one buffer of the process: asyncio would allocate 256 KiB for each read of an
    `asyncio.Protocol`, and the page faults cost a quarter of the speed of small reads.
    """

    def __init__(self, *, write_buffer: int) -> None:
        self.address = ""
        """Of the other side: an IP address."""
        self._transport: asyncio.Transport | None = None
        self._write_buffer = write_buffer
        self._reading = True
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._write_buffer)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(_BUFFER[:nbytes]))

    def data_received(self, data: bytes) -> None:
        raise NotImplementedError

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def has_something_to_read(self) -> bool:
        """Whether bytes or an end have arrived that the event loop has not seen yet."""
        if self._transport is None or not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def write(self, data: bytes) -> None:
        """Send with whatever else is written in this turn of the event loop; nothing if the connection is closed.

        Head and body in packets of their own would cost more, and some servers wait 40 ms between them.
        """
        if self.is_open:
            if not self._unsent:
                self._loop.call_soon(self._flush)
            self._unsent.append(data)

    def _flush(self) -> None:
        if self._unsent and self._transport is not None:
            data = b"".join(self._unsent)
            self._unsent.clear()
            if not self._transport.is_closing():
                self._transport.write(data)

    def set_reading(self, wanted: bool) -> None:
        """Read, or let the other side wait."""
        if wanted is self._reading or not self.is_open or self._transport is None:
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def finish(self) -> bool:
        """Send what is left and an end. False: this transport can only be closed."""
        transport = self._transport
        if transport is None or transport.is_closing() or not transport.can_write_eof():
            return False
        self._flush()
        transport.write_eof()
        return True

    def close(self) -> None:
        """Close after what is still to be sent."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now: the other side sees that something is missing."""
        self._flush()
        if self._transport is not None:
            self._transport.abort()
