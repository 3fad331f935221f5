"""A way through an outgoing proxy: HTTP CONNECT."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Final

_LARGEST: Final = 64 * 1024
"""Bytes of the proxy's answer."""
_status: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]").match


class TunnelError(Exception):
    """The proxy makes none. The message says why."""


async def open_tunnel(sock: socket.socket, host: str, port: int, authorization: str | None) -> None:
    """Turn a connection to a proxy into one to a server. Raises `TunnelError` and `OSError`."""
    loop = asyncio.get_running_loop()
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if authorization is not None:
        lines.append(f"Proxy-Authorization: {authorization}")
    request = "".join(f"{line}\r\n" for line in [*lines, ""])
    if not request.isascii():
        raise TunnelError(f"{host!r} is not the name of a host")
    await loop.sock_sendall(sock, request.encode("ascii"))
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = await loop.sock_recv(sock, 4096)
        answer += data
        if not data or len(answer) > _LARGEST:
            raise TunnelError("the proxy does not answer as a proxy")
    found = _status(answer)
    if found is None:
        raise TunnelError("the proxy does not answer as a proxy")
    if not found[1].startswith(b"2"):
        raise TunnelError(f"the proxy answers CONNECT with {found[1].decode()}")
    if not answer.endswith(b"\r\n\r\n"):
        # Before it is asked for anything, a server says nothing: neither TLS nor HTTP begins like that.
        raise TunnelError("the server behind the proxy speaks first")
