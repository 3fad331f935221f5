"""Connections to servers: kept, looked up, refused; on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from proxywasm.wire import Fields
from proxywasm_host.gateway.live.http1.reading import ResponseHead
from proxywasm_host.gateway.live.http1.upstream import Failure, UpstreamConnection
from proxywasm_host.gateway.live.origins import ConnectError, Origin, OriginLimits, Origins

GET: Fields = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")]


class Answer:
    """Waits for a response."""

    def __init__(self) -> None:
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_informational(self, fields: Fields) -> None: ...

    def on_head(self, head: ResponseHead) -> None: ...

    def on_body(self, data: bytes) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        self.over.set_result("end")

    def on_failure(self, failure: Failure, details: str) -> None:
        self.over.set_result(failure.name)

    def on_upstream_slow(self) -> None: ...

    def on_upstream_ready(self) -> None: ...

    def on_upstream_data(self, data: bytes) -> None: ...

    def on_upstream_closed(self) -> None: ...


async def ask(connection: UpstreamConnection) -> str:
    answer = Answer()
    connection.open(answer, GET, ends=True)
    told = await asyncio.wait_for(answer.over, 10)
    await asyncio.sleep(0)
    return told


@contextlib.asynccontextmanager
async def server(
    response: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", greeting: bytes = b""
) -> AsyncIterator[Origin]:
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(greeting)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(response)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield Origin(secure=False, host="127.0.0.1", port=listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        for writer in writers:
            writer.close()
        await asyncio.sleep(0)


def test_a_connection_is_used_again() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits())
        async with server() as origin:
            assert origins.idle(origin) is None
            connection = await origins.connect(origin)
            for _ in range(3):
                assert await ask(connection) == "end"
                assert origins.idle(origin) is connection
                assert origins.idle(origin) is None
            assert origins.connected == 1
            await origins.close()

    asyncio.run(main())


def test_a_connection_that_its_server_has_closed_is_not_used_again() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits())
        async with server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as origin:
            assert await ask(await origins.connect(origin)) == "end"
            assert origins.idle(origin) is None
        async with server() as origin:
            assert await ask(await origins.connect(origin)) == "end"
        await asyncio.sleep(0.05)
        assert origins.idle(origin) is None
        await origins.close()

    asyncio.run(main())


def test_a_connection_that_has_waited_for_long_is_closed() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits(idle_seconds=-1))
        async with server() as origin:
            connection = await origins.connect(origin)
            assert await ask(connection) == "end"
            assert origins.idle(origin) is None
            assert not connection.is_open
            await origins.close()

    asyncio.run(main())


def test_only_so_many_connections_wait() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits(idle_connections=2))
        async with server() as origin:
            made = [await origins.connect(origin) for _ in range(4)]
            for connection in made:
                assert await ask(connection) == "end"
            assert [origins.idle(origin) for _ in range(3)] == [made[3], made[2], None]
            await origins.close()

    asyncio.run(main())


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 70, ""])
def test_a_host_that_cannot_be_found_is_an_error(host: str) -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits(connect_seconds=20))
        with pytest.raises(ConnectError) as caught:
            await origins.connect(Origin(secure=False, host=host, port=1))
        assert caught.value.reason == "name_not_found"
        await origins.close()

    asyncio.run(main())


def test_a_server_that_is_not_there_is_an_error_with_its_address() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits())
        async with server() as origin:
            pass
        with pytest.raises(ConnectError, match=str(origin)) as caught:
            await origins.connect(origin)
        assert caught.value.reason == "connection_failed"
        await origins.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "reason"), [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "tls_failed"), (b"", "connection_timeout")]
)
def test_a_server_that_does_not_speak_tls_is_an_error(answer: bytes, reason: str) -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits(connect_seconds=10 if answer else 0.2))
        async with server(greeting=answer) as origin:
            with pytest.raises(ConnectError) as caught:
                await origins.connect(origin._replace(secure=True))
        assert caught.value.reason == reason
        await origins.close()

    asyncio.run(main())


def test_addresses_may_be_refused_after_the_name_has_been_looked_up() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits())
        async with server() as origin:
            seen: list[str] = []

            def refuse(address: str) -> bool:
                seen.append(address)
                return False

            with pytest.raises(ConnectError) as caught:
                await origins.connect(origin._replace(host="localhost"), allowed=refuse)
            assert caught.value.reason == "address_refused"
            assert "127.0.0.1" in seen
            await origins.close()

    asyncio.run(main())
