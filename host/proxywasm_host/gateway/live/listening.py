"""Sockets that listen."""

from __future__ import annotations

import errno
import socket
from typing import Final

from ..values import Address
from .errors import LiveError

BACKLOG: Final = 1024
"""Connections that wait until they are accepted. With fewer, a burst of clients waits for seconds."""


def listen(key: str, address: Address, *, reuse_port: bool = False) -> socket.socket:
    """A socket that listens at an address that the file has under this key.

    `reuse_port`: other sockets that were made like this may listen there, too. Raises `LiveError`.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on the connections. Without it, a small chunk of a stream waits
    # until the client has acknowledged the one before, for up to 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # `[::]` is for IPv4, too, as in Envoy
        listening.bind((address.host, address.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise LiveError(f"{key}: {address} cannot be used: {_why(key, error, address)}") from None
    listening.setblocking(False)
    return listening


def _why(key: str, error: OSError, address: Address) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"another process listens at port {address.port}; stop it, or change `{key}`"
        case errno.EACCES:
            return f"only root may use port {address.port}; choose one from 1024 on"
        case errno.EADDRNOTAVAIL:
            return f"this machine does not have the address {address.host}; 0.0.0.0 stands for all that it has"
    return error.strerror or str(error)
