"""A connection to a server, with real sockets: what is sent, what is told, and whether it can be used again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from proxywasm.wire import Fields
from proxywasm_host.gateway.live.http1.messages import ResponseHead
from proxywasm_host.gateway.live.http1.upstream import Failure, UpstreamConnection

GET: Fields = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")]
POST: Fields = [(":method", "POST"), *GET[1:]]


@dataclass
class Told:
    """What a response exchange has been told."""

    log: list[str] = field(default_factory=list)
    body: bytes = b""
    failure: Failure | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def on_informational(self, fields: Fields) -> None:
        self.log.append(f"informational {fields[0][1]}")

    def on_head(self, head: ResponseHead) -> None:
        self.log.append(f"head {head.fields[0][1]}{' ends' if head.ends else ''}{head.upgrade}")

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        self.body += rest
        self.log.append(f"end {trailers}")
        self.over.set()

    def on_failure(self, failure: Failure, details: str) -> None:
        assert details
        self.failure = failure
        self.over.set()

    def on_upstream_slow(self) -> None:
        self.log.append("slow")

    def on_upstream_ready(self) -> None:
        self.log.append("ready")

    def on_upstream_data(self, data: bytes) -> None:
        self.body += data

    def on_upstream_closed(self) -> None:
        self.log.append("closed")
        self.over.set()


@dataclass
class Server:
    """One raw connection at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def hears(self, end: bytes = b"\r\n\r\n") -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(end), 10)

    def says(self, data: bytes) -> None:
        self.writer.write(data)


@dataclass
class Meeting:
    connection: UpstreamConnection
    server: Server
    idle: list[UpstreamConnection]
    closed: asyncio.Event


def run(talk: Callable[[Meeting], Awaitable[None]]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Server] = asyncio.Queue()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await arrived.put(Server(reader, writer))

        listener = await asyncio.start_server(accept, "127.0.0.1", 0)
        idle: list[UpstreamConnection] = []
        closed = asyncio.Event()
        host, port = listener.sockets[0].getsockname()
        _, connection = await loop.create_connection(
            lambda: UpstreamConnection(idle=idle.append, closed=lambda _: closed.set()), host, port
        )
        server = await arrived.get()
        try:
            await talk(Meeting(connection, server, idle, closed))
        finally:
            connection.abort()
            server.writer.close()
            await closed.wait()
            listener.close()
            await asyncio.sleep(0)

    asyncio.run(main())


def test_exchanges_follow_one_another() -> None:
    async def talk(one: Meeting) -> None:
        for _ in range(3):
            told = Told()
            one.connection.open(told, GET, ends=True)
            assert await one.server.hears() == b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
            one.server.says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
            await told.over.wait()
            assert (told.log, told.body) == (["head 200", "end []"], b"abc")
        assert one.idle == [one.connection] * 3

    run(talk)


def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    async def talk(one: Meeting) -> None:
        told = Told()
        one.connection.open(told, POST, ends=False)
        one.connection.send_body(b"abc")
        one.connection.send_end([("x", "1")])
        data = await one.server.hears(b"x: 1\r\n\r\n")
        assert data.endswith(b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: 1\r\n\r\n")

    run(talk)


def test_a_body_of_known_length_goes_as_it_is() -> None:
    async def talk(one: Meeting) -> None:
        one.connection.open(Told(), [*POST, ("content-length", "3")], ends=False)
        one.connection.send_body(b"abc")
        one.connection.send_end()
        assert (await one.server.hears(b"abc")).endswith(b"content-length: 3\r\n\r\nabc")

    run(talk)


def test_a_request_without_body_says_so() -> None:
    async def talk(one: Meeting) -> None:
        one.connection.open(Told(), POST, ends=True)
        assert (await one.server.hears()).endswith(b"content-length: 0\r\n\r\n")

    run(talk)


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (b"", Failure.CLOSED),
        (b"HTTP/1.1 20", Failure.CUT),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Failure.CUT),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Failure.CUT),
        (b"hello\r\n", Failure.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Failure.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 500_000, Failure.MALFORMED),
    ],
)
def test_what_is_no_whole_response_is_a_failure(response: bytes, failure: Failure) -> None:
    async def talk(one: Meeting) -> None:
        told = Told()
        one.connection.open(told, GET, ends=True)
        await one.server.hears()
        one.server.says(response)
        one.server.writer.close()
        await told.over.wait()
        assert told.failure is failure
        assert one.idle == []

    run(talk)


def test_a_response_may_end_with_its_connection() -> None:
    async def talk(one: Meeting) -> None:
        told = Told()
        one.connection.open(told, GET, ends=True)
        await one.server.hears()
        one.server.says(b"HTTP/1.1 200 OK\r\n\r\nabc")
        one.server.writer.close()
        await told.over.wait()
        assert (told.log, told.body, told.failure) == (["head 200", "end []"], b"abc", None)
        await one.closed.wait()
        assert one.idle == []

    run(talk)


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nx",
    ],
)
def test_a_connection_that_may_mix_up_responses_is_not_used_again(response: bytes) -> None:
    async def talk(one: Meeting) -> None:
        told = Told()
        one.connection.open(told, GET, ends=True)
        await one.server.hears()
        one.server.says(response)
        await told.over.wait()
        await one.closed.wait()
        assert one.idle == []

    run(talk)


def test_a_response_before_the_end_of_its_request_costs_the_connection() -> None:
    async def talk(one: Meeting) -> None:
        told = Told()
        one.connection.open(told, POST, ends=False)
        await one.server.hears()
        one.server.says(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await told.over.wait()
        assert (told.log, told.body) == (["head 413", "end []"], b"no")
        await one.closed.wait()
        assert one.idle == []

    run(talk)


def test_what_nobody_asked_for_ends_the_connection() -> None:
    async def talk(one: Meeting) -> None:
        one.server.says(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await one.closed.wait()

    run(talk)


def test_informational_responses_are_told() -> None:
    async def talk(one: Meeting) -> None:
        told = Told()
        one.connection.open(told, GET, ends=True)
        one.server.says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
        await told.over.wait()
        assert told.log == ["informational 103", "head 204 ends", "end []"]
        assert one.idle == [one.connection]

    run(talk)


def test_websockets_pass_in_both_directions() -> None:
    async def talk(one: Meeting) -> None:
        told = Told()
        one.connection.open(told, GET, ends=True, upgrade="websocket")
        head = await one.server.hears()
        assert head.endswith(b"connection: upgrade\r\nupgrade: websocket\r\n\r\n")
        one.server.says(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nfirst")
        while told.body != b"first":
            await asyncio.sleep(0.01)
        one.connection.send_tunnel_data(b"hello")
        assert await one.server.hears(b"hello") == b"hello"
        one.server.writer.close()
        await told.over.wait()
        assert told.log == ["head 101websocket", "closed"]

    run(talk)
