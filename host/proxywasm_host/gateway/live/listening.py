"""Sockets that listen."""

from __future__ import annotations

import socket
from typing import Final

from ..values import Address
from .errors import LiveError

_BACKLOG: Final = 1024


def listen(key: str, address: Address, *, reuse_port: bool = False) -> socket.socket:
    """A socket that listens at an address that the file has under this key.

    `reuse_port`: other sockets that were made like this may listen there, too. Raises `LiveError`.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((address.host, address.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise LiveError(f"{key}: {address} cannot be used: {error.strerror}") from None
    listening.setblocking(False)
    return listening
