"""TLS with clients: a handshake, and then a connection that does not know of it.

asyncio's own listeners for TLS tell nobody of a handshake that fails.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from .connections import ClientConnections
from .http1.sockets import READ_SIZE, Socket


@dataclass(frozen=True, slots=True)
class ServerTls:
    context: ssl.SSLContext
    handshake_seconds: float
    end_seconds: float
    """For the end of TLS, which some clients never answer."""


class Handshake(asyncio.BaseProtocol):
    """A connection that becomes that of `accept` when the client has proved to speak TLS.

    `log` gets a line for each that does not. Clients that leave before are none.
    """

    def __init__(
        self, tls: ServerTls, connections: ClientConnections, accept: Callable[[], Socket], log: Callable[[str], None]
    ) -> None:
        self._tls = tls
        self._connections = connections
        self._accept = accept
        self._log = log
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plain = cast(asyncio.Transport, transport)
        self._task = asyncio.get_running_loop().create_task(self._shake_hands(plain))

    async def _shake_hands(self, plain: asyncio.Transport) -> None:
        address = plain.get_extra_info("peername")
        early, tls = _Early(), self._tls
        self._connections.handshakes += 1
        try:
            secure = await asyncio.get_running_loop().start_tls(
                plain,
                early,
                tls.context,
                server_side=True,
                ssl_handshake_timeout=tls.handshake_seconds,
                ssl_shutdown_timeout=tls.end_seconds,
            )
        except ssl.SSLError as error:
            self._log(f"TLS with {address[0]} failed: {error.reason or error}")
        except ConnectionAbortedError:
            self._log(f"TLS with {address[0]} was not established after {tls.handshake_seconds:g} s")
        except OSError:
            pass  # The client has left.
        else:
            early.give_to(self._accept(), cast(asyncio.Transport, secure))
        finally:
            self._connections.handshakes -= 1


class _Early(asyncio.BufferedProtocol):
    """Keeps what comes directly behind the handshake, before the connection is there."""

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._data = bytearray()
        self._left = False

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._data += self._buffer[:nbytes]

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._left = True

    def give_to(self, connection: Socket, transport: asyncio.Transport) -> None:
        transport.set_protocol(connection)
        connection.connection_made(transport)
        if self._data:
            connection.data_received(bytes(self._data))
        if self._left:
            connection.connection_lost(None)
