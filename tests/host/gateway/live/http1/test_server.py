"""A client's connection, with real sockets: what leaves, in which order, and when the connection ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from proxywasm.wire import Fields
from proxywasm_host.gateway.live.http1.limits import ServerLimits
from proxywasm_host.gateway.live.http1.messages import MessageError, RequestHead
from proxywasm_host.gateway.live.http1.server import ClientConnection

LIMITS = ServerLimits(head=4096, linger_seconds=0.3)


@dataclass
class Answering:
    """An exchange that does what the path says."""

    connection: ClientConnection
    head: RequestHead
    body: bytes = b""
    log: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return dict(self.head.fields)[":path"]

    def start(self) -> None:
        if self.path == "/at-once":
            self.answer(b"at once")
        elif self.path == "/hold":
            self.connection.hold_back(True)
            asyncio.get_running_loop().call_later(0.05, self.connection.hold_back, False)

    def answer(self, body: bytes) -> None:
        self.connection.send_head([(":status", "200"), ("content-length", str(len(body)))], ends=not body)
        if body:
            self.connection.send_body(body)
            self.connection.send_end()

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        self.body += rest
        match self.path:
            case "/chunks":
                self.connection.send_head([(":status", "200")], ends=False)
                self.connection.send_body(b"abc")
                self.connection.send_body(b"")
                self.connection.send_body(b"de")
                self.connection.send_end([("x-t", "1")])
            case "/later":
                asyncio.get_running_loop().call_later(0.02, self.answer, b"later")
            case "/hints":
                self.connection.send_informational([(":status", "103"), ("link", "</a>")])
                self.answer(b"hints")
            case "/cut":
                self.connection.send_head([(":status", "200"), ("content-length", "9")], ends=False)
                self.connection.send_body(b"abc")
                self.connection.break_off()
            case "/empty":
                self.connection.send_head([(":status", "204")], ends=True)
            case "/websocket":
                self.connection.switch_protocols([(":status", "101")], "websocket")
            case "/never":
                pass
            case _:
                self.answer(self.body + "".join(f"{name}={value}" for name, value in trailers).encode())

    def on_client_gone(self) -> None:
        self.log.append("gone")

    def on_client_slow(self) -> None:
        self.log.append("slow")

    def on_client_ready(self) -> None:
        self.log.append("ready")

    def on_tunnel_data(self, data: bytes) -> None:
        self.connection.send_tunnel_data(data.upper())
        if data == b"end":
            self.connection.close_tunnel()


@dataclass
class Server:
    exchanges: list[Answering] = field(default_factory=list)
    connections: set[ClientConnection] = field(default_factory=set)

    def open_exchange(self, connection: ClientConnection, head: RequestHead) -> Answering:
        exchange = Answering(connection, head)
        self.exchanges.append(exchange)
        exchange.start()
        return exchange

    def malformed(self, connection: ClientConnection, error: MessageError) -> tuple[Fields, bytes]:
        return [(":status", str(error.status))], str(error).encode()


Talk = Callable[[Server, "Client"], Awaitable[None]]


class Client:
    """Bytes to and from the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hears(self, end: bytes) -> bytes:
        """Everything up to these bytes."""
        return await asyncio.wait_for(self.reader.readuntil(end), 10)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return await asyncio.wait_for(self.reader.read(), 10)


@contextlib.asynccontextmanager
async def serving(limits: ServerLimits = LIMITS) -> AsyncIterator[tuple[Server, Callable[[], Awaitable[Client]]]]:
    server = Server()

    def connection() -> ClientConnection:
        made = ClientConnection(server, scheme="http", limits=limits, closed=server.connections.discard)
        server.connections.add(made)
        return made

    listener = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Client:
        reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        writers.append(writer)
        return Client(reader, writer)

    try:
        yield server, connect
    finally:
        listener.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        for left in [*server.connections]:
            left.break_off()
        while server.connections:
            await asyncio.sleep(0)


def run(talk: Talk, limits: ServerLimits = LIMITS) -> None:
    async def main() -> None:
        async with serving(limits) as (server, connect):
            await talk(server, await connect())

    asyncio.run(main())


def get(path: str, *more: str) -> bytes:
    return "".join(f"{line}\r\n" for line in [f"GET {path} HTTP/1.1", "Host: a", *more, ""]).encode()


def test_requests_of_one_connection_are_answered_one_after_the_other() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/later") + get("/at-once") + get("/chunks") + get("/later"))
        data = await client.hears(b"later")
        data += await client.hears(b"at once")
        data += await client.hears(b"0\r\nx-t: 1\r\n\r\n")
        data += await client.hears(b"later")
        assert data.count(b"HTTP/1.1 200 OK") == 4
        assert [exchange.path for exchange in server.exchanges] == ["/later", "/at-once", "/chunks", "/later"]

    run(talk)


def test_a_body_of_unknown_length_goes_in_chunks_with_trailers() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/chunks"))
        assert await client.hears(b"x-t: 1\r\n\r\n") == (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-t: 1\r\n\r\n"
        )

    run(talk)


def test_for_http_1_0_the_end_of_the_body_is_the_end_of_the_connection() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(b"GET /chunks HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        assert await client.rest() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabcde"

    run(talk)


def test_the_response_to_head_has_no_body() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/at-once").replace(b"GET", b"HEAD") + get("/at-once"))
        assert (await client.hears(b"at once")).count(b"at once") == 1

    run(talk)


def test_a_body_in_chunks_arrives_whole_and_with_its_trailers() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await client.says(b"0\r\nX-T: 1\r\n\r\n")
        assert (await client.hears(b"x-t=1")).endswith(b"\r\n\r\nabcx-t=1")

    run(talk)


def test_a_client_that_waits_is_told_to_continue() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert await client.hears(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.says(b"abc")
        assert (await client.hears(b"abc")).startswith(b"HTTP/1.1 200 OK\r\n")

    run(talk)


def test_informational_responses_come_first() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/hints"))
        assert (await client.hears(b"hints")).startswith(
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
        )

    run(talk)


@pytest.mark.parametrize("length", [10, 10_000_000])
def test_an_answer_before_the_end_of_the_request_is_read_by_the_client(length: int) -> None:
    async def talk(server: Server, client: Client) -> None:
        head = f"POST /at-once HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
        client.writer.write(head.encode() + b"a" * (length // 2))
        assert (await client.rest()).endswith(b"at once")

    run(talk)


def test_an_answer_before_the_end_of_a_request_that_has_come_whole_keeps_the_connection() -> None:
    async def talk(server: Server, client: Client) -> None:
        for _ in range(2):
            await client.says(b"POST /at-once HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            assert (await client.hears(b"at once")).startswith(b"HTTP/1.1 200 OK\r\n")

    run(talk)


def test_what_is_malformed_is_told_and_the_connection_ends() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/at-once") + b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + get("/at-once"))
        data = await client.rest()
        assert data.count(b"HTTP/1.1 200 OK") == 1
        assert data.endswith(b"connection: close\r\n\r\nthere are several `host` headers")

    run(talk)


def test_a_malformed_body_ends_its_exchange() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert (await client.rest()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert server.exchanges[0].log == ["gone"]

    run(talk)


def test_a_response_that_is_broken_off_has_no_end() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/cut"))
        data = b""
        with contextlib.suppress(ConnectionError):
            data = await client.rest()
        assert not data.endswith(b"abc123456")

    run(talk)


@pytest.mark.parametrize("half", [True, False])
def test_the_end_of_the_client_ends_the_exchange(half: bool) -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/never"))
        while not server.exchanges:
            await asyncio.sleep(0.01)
        if half:
            client.writer.write_eof()
        else:
            client.writer.transport.abort()
        while not server.exchanges[0].log:
            await asyncio.sleep(0.01)
        assert server.exchanges[0].log == ["gone"]
        assert not server.connections

    run(talk)


def test_a_slow_client_is_told_of_and_gets_all() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/never"))
        while not server.exchanges:
            await asyncio.sleep(0.01)
        (exchange,) = server.exchanges
        exchange.connection.send_head([(":status", "200")], ends=False)
        for _ in range(100):
            exchange.connection.send_body(b"a" * 1_000_000)
        await asyncio.sleep(0)
        assert exchange.log == ["slow"]
        exchange.connection.send_end()
        received, data = 0, b""
        while not data.endswith(b"\r\n0\r\n\r\n"):
            data = data[-20:] + await client.reader.read(1 << 20)
            received += len(data)
        assert received > 100_000_000

    run(talk)


def test_what_is_held_back_arrives_later() -> None:
    async def talk(server: Server, client: Client) -> None:
        body = b"a" * 3_000_000
        await client.says(f"POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        client.writer.write(body)
        assert (await client.hears(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        assert await asyncio.wait_for(client.reader.readexactly(len(body)), 10) == body

    run(talk)


def test_websockets_take_over_both_directions() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/websocket", "Connection: upgrade", "Upgrade: websocket") + b"early")
        head = await client.hears(b"\r\n\r\n")
        assert head == b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        assert await client.hears(b"EARLY") == b"EARLY"
        await client.says(b"end")
        assert await client.rest() == b"END"

    run(talk)


@pytest.mark.parametrize("beginning", [b"GET / HT", get("/at-once")[:-2]])
def test_a_client_that_does_not_finish_its_head_is_told_and_dropped(beginning: bytes) -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(beginning)
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")

    run(talk, ServerLimits(head_seconds=0.05, linger_seconds=0.05))


@pytest.mark.parametrize("before", [b"", get("/at-once")])
def test_each_byte_of_a_head_does_not_give_it_more_time(before: bytes) -> None:
    async def talk(server: Server, client: Client) -> None:
        async def drip() -> None:
            await client.says(before + b"GET / HTTP/1.1\r\nx: ")
            while True:
                await client.says(b"x")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert b"HTTP/1.1 408 " in await client.rest()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)

    run(talk, ServerLimits(head_seconds=0.2, linger_seconds=0.05))


def test_a_client_that_says_nothing_is_dropped() -> None:
    async def talk(server: Server, client: Client) -> None:
        assert await client.rest() == b""

    run(talk, ServerLimits(head_seconds=0.05))


def test_a_connection_without_requests_is_closed() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/at-once"))
        assert (await client.rest()).endswith(b"at once")

    run(talk, ServerLimits(keep_alive_seconds=0.05))


def test_a_connection_ends_after_its_share_of_requests() -> None:
    async def talk(server: Server, client: Client) -> None:
        await client.says(get("/at-once") * 5)
        data = await client.rest()
        assert data.count(b"at once") == 3
        assert data.count(b"connection: close") == 1

    run(talk, ServerLimits(requests=3))


def test_draining_ends_idle_connections_now_and_others_after_their_exchange() -> None:
    async def main() -> None:
        async with serving() as (server, connect):
            idle, busy = await connect(), await connect()
            await idle.says(get("/at-once"))
            await idle.hears(b"at once")
            await busy.says(get("/never"))
            while len(server.exchanges) < 2:
                await asyncio.sleep(0.01)
            for connection in [*server.connections]:
                connection.drain()
            server.exchanges[1].answer(b"later")
            assert await idle.rest() == b""
            data = await busy.rest()
            assert data.endswith(b"later")
            assert b"connection: close" in data

    asyncio.run(main())
