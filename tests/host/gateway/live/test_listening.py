"""Sockets that listen."""

from __future__ import annotations

import asyncio
import socket

import pytest

from proxywasm_host.gateway.live.listening import listen
from proxywasm_host.gateway.values import Address


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("inherited", [False, True], ids=["", "in a worker's process"])
def test_chunks_do_not_wait_for_acknowledgements(host: str, inherited: bool) -> None:
    async def accept() -> int:
        listening = listen("listen", Address(host, 0))
        if inherited:
            listening = socket.socket(fileno=listening.detach())
        accepted: asyncio.Future[asyncio.BaseTransport] = asyncio.get_running_loop().create_future()

        class Accepting(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                accepted.set_result(transport)

        server = await asyncio.get_running_loop().create_server(Accepting, sock=listening)
        async with server:
            with socket.create_connection(listening.getsockname()[:2]):
                transport = await accepted
                connection = transport.get_extra_info("socket")
                return int(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    assert asyncio.run(accept())
