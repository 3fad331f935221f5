"""Connections to servers: kept, looked up, refused; on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from proxywasm.wire import Fields
from proxywasm_host.gateway.live.http1.messages import ResponseHead
from proxywasm_host.gateway.live.http1.upstream import Failure, UpstreamConnection
from proxywasm_host.gateway.live.names import Names
from proxywasm_host.gateway.live.origins import ConnectError, Origin, OriginLimits, Origins
from proxywasm_host.gateway.model import Proxy

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
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
async def server(response: bytes = OK, greeting: bytes = b"") -> AsyncIterator[Origin]:
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


def test_a_connection_that_waits_is_closed_without_being_asked_for() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits(idle_seconds=0.05))
        async with server() as origin:
            connections = [await origins.connect(origin) for _ in range(2)]
            for connection in connections:
                assert await ask(connection) == "end"
                assert connection.is_open
            async with asyncio.timeout(10):
                while any(connection.is_open for connection in connections):
                    await asyncio.sleep(0.01)
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


@contextlib.asynccontextmanager
async def proxy(answer: bytes | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """An outgoing proxy that answers with these bytes, or for which every server is one that says 200."""
    heads: list[bytes] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            for reply in [answer or b"HTTP/1.1 200 Connected\r\nx: y\r\n\r\n", OK]:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(reply)
            await reader.read()
        writer.close()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", heads
    finally:
        listener.close()
        await asyncio.sleep(0.01)


def test_servers_are_reached_through_a_proxy_that_looks_up_their_names() -> None:
    async def main() -> None:
        async with proxy() as (url, heads), server() as direct:
            own = Proxy.model_validate({"url": url, "authorization": "Basic YTpi"})
            origins = Origins(limits=OriginLimits(), proxy=own)
            away = Origin(secure=False, host="nobody.invalid", port=8080)
            connection = await origins.connect(away)
            assert await ask(connection) == "end"
            assert heads[0].split(b"\r\n") == [
                b"CONNECT nobody.invalid:8080 HTTP/1.1",
                b"Host: nobody.invalid:8080",
                b"Proxy-Authorization: Basic YTpi",
                b"",
                b"",
            ]
            assert heads[1].startswith(b"GET / HTTP/1.1\r\n")
            assert origins.idle(away) is connection
            assert await ask(await origins.connect(direct._replace(proxied=False))) == "end"
            assert len(heads) == 2
            await origins.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy answers CONNECT with 407"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "the server behind the proxy speaks first"),
        (b"hello\r\n\r\n", "the proxy does not answer as a proxy"),
        (b"x" * 100_000, "the proxy does not answer as a proxy"),
    ],
)
def test_a_proxy_that_makes_no_tunnel_is_an_error(answer: bytes, told: str) -> None:
    async def main() -> None:
        async with proxy(answer) as (url, _):
            origins = Origins(limits=OriginLimits(), proxy=Proxy.model_validate({"url": url}))
            with pytest.raises(ConnectError, match=f"https://a.test:443 cannot be reached: {told}"):
                await origins.connect(Origin(secure=True, host="a.test", port=443))

    asyncio.run(main())


def test_a_proxy_that_is_not_there_is_named() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits(), proxy=Proxy.model_validate({"url": "http://127.0.0.1:1"}))
        with pytest.raises(ConnectError, match=r"the proxy http://127.0.0.1:1 cannot be reached: "):
            await origins.connect(Origin(secure=True, host="a.test", port=443))

    asyncio.run(main())


@pytest.mark.parametrize("family", ["127.0.0.1", "::1"])
def test_a_name_with_addresses_of_both_families_leads_to_the_one_that_answers(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def both(host: str, port: int, **more: Any) -> Any:
        if host != "both.test":
            return look_up(host, port, **more)
        if more["flags"]:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        return look_up("::1", port, **more) + look_up("127.0.0.1", port, **more)

    async def main() -> None:
        listener = await asyncio.start_server(lambda _, writer: writer.close(), family, 0)
        monkeypatch.setattr(socket, "getaddrinfo", both)
        port = listener.sockets[0].getsockname()[1]
        origins = Origins(limits=OriginLimits())
        for host in ("both.test", family):
            assert (await origins.connect(Origin(secure=False, host=host, port=port))).is_open
        await origins.close()
        listener.close()

    asyncio.run(main())


def test_a_slow_lookup_is_shared_and_holds_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, asked = threading.Event(), []
    look_up = socket.getaddrinfo

    def slow(host: str, port: int, **more: Any) -> Any:
        if more["flags"]:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        asked.append(host)
        if host == "slow.test":
            assert go_on.wait(10)
        return look_up("127.0.0.1", port, **more)

    async def main() -> None:
        names = Names()
        waiting = [asyncio.create_task(names.find("slow.test", 1)) for _ in range(50)]
        for _ in range(3):
            assert await names.find("fast.test", 1)
        waiting[0].cancel()  # one that gives up takes nothing from the others
        go_on.set()
        found = await asyncio.gather(*waiting[1:])
        assert all(found)
        assert asked.count("slow.test") == 1
        assert asked.count("fast.test") == 3  # nothing is remembered

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    asyncio.run(main())


def test_an_old_connection_is_not_used_again() -> None:
    async def main() -> None:
        origins = Origins(limits=OriginLimits(age_seconds=-1))
        async with server() as origin:
            assert await ask(await origins.connect(origin)) == "end"
            assert origins.idle(origin) is None
        await origins.close()

    asyncio.run(main())


def test_a_connection_that_its_server_has_just_closed_is_not_used_again() -> None:
    """Its end has arrived, and the event loop has not looked yet."""

    async def main() -> None:
        origins = Origins(limits=OriginLimits())
        closing: list[asyncio.StreamWriter] = []

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            closing.append(writer)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)

        listener = await asyncio.start_server(accept, "127.0.0.1", 0)
        origin = Origin(secure=False, host="127.0.0.1", port=listener.sockets[0].getsockname()[1])
        connection = await origins.connect(origin)
        assert await ask(connection) == "end"
        closing[0].get_extra_info("socket").shutdown(socket.SHUT_WR)  # at once, without the event loop
        assert connection.is_open
        assert origins.idle(origin) is None
        closing[0].close()
        listener.close()
        await origins.close()

    asyncio.run(main())
