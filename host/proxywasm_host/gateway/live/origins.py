"""Connections to servers: made when they are needed, kept for the next request, one pool for each origin.

A connection that waits for a request may be closed by its server at any moment. It is used again as long as nothing of
the kind has been seen, and for `idle_seconds` at most. After `age_seconds` a new one takes its place, so that the name
is looked up again.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from aiohappyeyeballs import start_connection

from ..certificates import client_context
from ..model import Proxy
from .http1.upstream import UpstreamConnection
from .names import Addresses, Names
from .tunnel import TunnelError, open_tunnel

_NEXT_ADDRESS: Final = 0.25
"""Seconds until the next address of a host is tried as well (RFC 8305)."""
_TLS_END: Final = 2.0
"""Seconds for the end of TLS, which some servers never answer."""


class Origin(NamedTuple):
    """A server, and how it proves that it is the one."""

    secure: bool
    host: str
    """A name or an address, of version 6 without brackets."""
    port: int
    name: str = ""
    """That the certificate has to have; empty: `host`."""
    ca_file: Path | None = None
    """What the certificate is checked against; None: what the system trusts."""
    proxied: bool = True
    """Whether it is reached through the outgoing proxy, if there is one."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"


class ConnectError(Exception):
    """No connection. `reason` is one of Envoy's words for access logs, and the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginLimits:
    connect_seconds: float = 10.0
    """For name, connection and TLS together."""
    idle_seconds: float = 55.0
    """That a connection waits for its next request; servers mostly wait for 60 seconds or longer."""
    idle_connections: int = 256
    """Of one origin."""
    age_seconds: float = 300.0
    """After which a connection is not used again."""


Allowed = Callable[[str], bool]
"""Whether a connection may go to this address, once the name has been looked up."""


@dataclass(eq=False)
class _Pool:
    """What is kept for one origin, the newest last."""

    idle: list[tuple[float, UpstreamConnection]] = field(default_factory=list)
    connections: dict[UpstreamConnection, float] = field(default_factory=dict)
    """With the times when they were made."""


class Origins:
    """All connections of a worker to servers. Belongs to one event loop."""

    def __init__(self, *, limits: OriginLimits, proxy: Proxy | None = None, write_buffer: int = 256 * 1024) -> None:
        self._limits = limits
        self._proxy = proxy
        self._tls: dict[Path | None, ssl.SSLContext] = {}
        self._names = Names()
        self._write_buffer = write_buffer
        self._loop = asyncio.get_running_loop()
        self._pools: dict[Origin, _Pool] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self.connected = 0
        """Connections that have been made."""

    def idle(self, origin: Origin) -> UpstreamConnection | None:
        """A connection that has been used before and can be used at once."""
        pool = self._pools.get(origin)
        oldest = self._loop.time() - self._limits.idle_seconds
        while pool is not None and pool.idle:
            since, connection = pool.idle.pop()
            if connection.is_open and since >= oldest and not connection.has_something_to_read():
                return connection
            connection.close()
        return None

    async def connect(self, origin: Origin, *, allowed: Allowed | None = None) -> UpstreamConnection:
        """A new connection. `allowed` looks at each address of the host. Raises `ConnectError`."""
        pool = self._pools.setdefault(origin, _Pool())
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                connection = await self._connect(origin, pool, allowed)
        except TimeoutError:
            raise ConnectError(
                "connection_timeout", f"{origin} could not be reached within {self._limits.connect_seconds:g} s"
            ) from None
        finally:
            self._tidy(origin, pool)
        self.connected += 1
        return connection

    async def close(self) -> None:
        """End all connections now."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        left = [connection for pool in self._pools.values() for connection in pool.connections]
        for connection in left:
            connection.abort()
        while any(pool.connections for pool in self._pools.values()):
            await asyncio.sleep(0)
        self._pools.clear()

    async def _connect(self, origin: Origin, pool: _Pool, allowed: Allowed | None) -> UpstreamConnection:
        reached = await self._reach(origin, allowed)
        connection = UpstreamConnection(
            write_buffer=self._write_buffer,
            idle=lambda one: self._keep(pool, one),
            closed=lambda one: self._forget(origin, pool, one),
        )
        tls = self._context(origin.ca_file) if origin.secure else None
        name = (origin.name or origin.host) if origin.secure else None
        try:
            await self._loop.create_connection(
                lambda: connection,
                sock=reached,
                ssl=tls,
                server_hostname=name,
                ssl_shutdown_timeout=_TLS_END if tls else None,
            )
        except ssl.SSLCertVerificationError as error:
            raise ConnectError(
                "certificate_refused", f"{origin} has no certificate that can be trusted: {error.verify_message}"
            ) from None
        except ssl.SSLError as error:
            raise ConnectError("tls_failed", f"{origin}: TLS failed: {error.reason or error}") from None
        except OSError as error:
            raise ConnectError("connection_failed", f"{origin} cannot be reached: {error.strerror or error}") from None
        pool.connections[connection] = self._loop.time()
        return connection

    async def _reach(self, origin: Origin, allowed: Allowed | None) -> socket.socket:
        """A connection to the server, perhaps through the proxy, without TLS."""
        if self._proxy is None or not origin.proxied:
            return await self._dial(origin.host, origin.port, str(origin), allowed)
        _, host, port = self._proxy.url
        reached = await self._dial(host, port, f"the proxy http://{host}:{port}", None)
        try:
            await open_tunnel(reached, origin.host, origin.port, self._proxy.authorization)
        except (TunnelError, OSError) as error:
            reached.close()
            raise ConnectError("connection_failed", f"{origin} cannot be reached: {error}") from None
        except BaseException:
            reached.close()
            raise
        return reached

    async def _dial(self, host: str, port: int, whom: str, allowed: Allowed | None) -> socket.socket:
        addresses = await self._addresses(host, port)
        if allowed is not None:
            addresses = [entry for entry in addresses if allowed(str(entry[4][0]))]
            if not addresses:
                raise ConnectError("address_refused", f"{host!r} leads to no address that may be asked")
        try:
            return await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS, interleave=1, loop=self._loop)
        except OSError as error:
            raise ConnectError("connection_failed", f"{whom} cannot be reached: {error.strerror or error}") from None

    async def _addresses(self, host: str, port: int) -> Addresses:
        unknown = f"{host!r} is not the name of a host"
        if not host:
            raise ConnectError("name_not_found", unknown)
        try:
            return await self._names.find(host, port)
        except OSError as error:
            raise ConnectError("name_not_found", f"{host!r} cannot be looked up: {error.strerror}") from None
        except UnicodeError:
            raise ConnectError("name_not_found", unknown) from None

    def _context(self, ca_file: Path | None) -> ssl.SSLContext:
        if ca_file not in self._tls:
            self._tls[ca_file] = client_context(ca_file)
        return self._tls[ca_file]

    def _keep(self, pool: _Pool, connection: UpstreamConnection) -> None:
        if self._loop.time() > pool.connections[connection] + self._limits.age_seconds:
            connection.close()
            return
        pool.idle.append((self._loop.time(), connection))
        if len(pool.idle) > self._limits.idle_connections:
            pool.idle.pop(0)[1].close()
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(self._limits.idle_seconds, self._sweep)

    def _sweep(self) -> None:
        """Close what has waited for too long: also servers have only so many connections."""
        oldest = self._loop.time() - self._limits.idle_seconds
        waiting = [entry for pool in self._pools.values() for entry in pool.idle]
        for since, connection in waiting:
            if since <= oldest:
                connection.close()
        left = [since for since, _ in waiting if since > oldest]
        self._sweeping = self._loop.call_at(min(left) + self._limits.idle_seconds, self._sweep) if left else None

    def _forget(self, origin: Origin, pool: _Pool, connection: UpstreamConnection) -> None:
        pool.connections.pop(connection, None)
        pool.idle = [entry for entry in pool.idle if entry[1] is not connection]
        self._tidy(origin, pool)

    def _tidy(self, origin: Origin, pool: _Pool) -> None:
        if not pool.connections and self._pools.get(origin) is pool:
            del self._pools[origin]
