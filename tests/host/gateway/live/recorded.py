"""Recorded exchanges through the live gateway: a client, the upstream and the called services on real sockets.

The plugin's clock and random numbers repeat, as in a replay, so that both come out the same to the letter.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import h11

from proxywasm.connection_headers import CONNECTION_HEADERS
from proxywasm.wire import Fields, Program
from proxywasm_host.gateway.live.listening import listen
from proxywasm_host.gateway.live.plugins import LivePlugin, LivePlugins
from proxywasm_host.gateway.live.worker import LiveWorker
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.gateway.values import Address
from proxywasm_host.recordings.bodies import join
from proxywasm_host.recordings.exchange import Exchange, Message
from proxywasm_host.recordings.replay import DEFAULT_PROPERTIES, SEED, START_NS, Result
from proxywasm_host.services import HostServices
from proxywasm_host.wasm.limits import DEFAULT_LIMITS

SECONDS: Final = 30
_OF_CONNECTION: Final = CONNECTION_HEADERS | {"host", ":scheme"}
"""What a message on the wire has of its own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a peer got. The whole bodies, and fields without those of the connection."""

    fields: Fields
    body: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one exchange."""

    upstream: Seen | None
    """The last request, if there was one."""
    client: Seen | None
    calls: Sequence[tuple[str, Seen]]
    """To which cluster, and what."""


class Closable:
    """A native program as a pool wants one."""

    memory = None

    def __init__(self, program: Program) -> None:
        self._program = program

    def __getattr__(self, name: str) -> Any:
        return getattr(self._program, name)

    def close(self) -> None: ...


async def through_gateway(exchange: Exchange, start: Callable[[HostServices], Any], called: Collection[str]) -> Came:
    """`start` makes a program of the plugin, which calls the clusters `called`. Raises what a plugin raises that does
    not start."""
    cluster = (DEFAULT_PROPERTIES | dict(exchange.properties))["cluster_name"]
    upstream = _Server(exchange, cluster)
    async with upstream.listening(sorted({cluster, *called})) as ports:
        gateway = _gateway(exchange, ports)
        plugin = LivePlugin(
            "plugin", start, exchange.config, limits=DEFAULT_LIMITS, fail_open=False,
            services=lambda: HostServices(start_ns=START_NS, seed=SEED, clusters=gateway.upstreams),
        )  # fmt: skip
        worker = LiveWorker(gateway, LivePlugins([plugin]), log=lambda _: None)
        listening = listen("listen", Address("127.0.0.1", 0))
        await worker.start(listening)
        port = listening.getsockname()[1]
        try:
            async with asyncio.timeout(SECONDS):
                for before in exchange.before:
                    upstream.play(before)
                    await _ask(port, before.request)
                upstream.play(exchange)
                got = await _ask(port, exchange.request)
        finally:
            await worker.stop(0)
    return Came(upstream.requests[-1] if upstream.requests else None, got, upstream.calls)


def _gateway(exchange: Exchange, ports: dict[str, int]) -> Gateway:
    properties = DEFAULT_PROPERTIES | dict(exchange.properties)
    return Gateway.model_validate({
        "listen": "127.0.0.1:1",
        "routes": [{"name": properties["route_name"], "upstream": properties["cluster_name"]}],
        "upstreams": {name: f"http://127.0.0.1:{port}" for name, port in ports.items()},
    })  # fmt: skip


class _Server:
    """The upstream of the route, and the services that the plugin calls, each on a port of its own."""

    def __init__(self, exchange: Exchange, cluster: str) -> None:
        self._exchange = exchange
        self._cluster = cluster
        self.requests: list[Seen] = []
        self.calls: list[tuple[str, Seen]] = []

    def play(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.requests, self.calls = [], []

    @contextlib.asynccontextmanager
    async def listening(self, clusters: Sequence[str]) -> AsyncIterator[dict[str, int]]:
        servers = {}
        for cluster in clusters:
            servers[cluster] = await asyncio.start_server(self._accept_for(cluster), "127.0.0.1", 0)
        try:
            yield {cluster: server.sockets[0].getsockname()[1] for cluster, server in servers.items()}
        finally:
            for server in servers.values():
                server.close()

    def _accept_for(self, cluster: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await self._serve(cluster, reader, writer)
            writer.close()

        return accept

    async def _serve(self, cluster: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        while (head := await _event(connection, reader)) is not None and isinstance(head, h11.Request):
            body = await _body(connection, reader)
            assert body is not None, "a request has an end"
            pseudo = [(":method", head.method.decode()), (":path", head.target.decode())]
            authority = next(value for name, value in head.headers if name == b"host").decode()
            seen = Seen([(":authority", authority), *pseudo, *_fields(head.headers)], body)
            answer: Message | None
            asked = dict(self._exchange.request.headers)[":method"]
            # A plugin that fetches a file or tries again calls the cluster of the route, too.
            if cluster == self._cluster and not self.requests and head.method.decode() == asked:
                self.requests.append(seen)
                answer = self._exchange.response
            else:
                self.calls.append((cluster, seen))
                answer = self._answer(cluster, head.target.decode())
            if answer is None:
                return
            await _send(connection, writer, _response(answer), answer.body)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    def _answer(self, cluster: str, path: str) -> Message | None:
        for callout in self._exchange.callouts:
            if callout.cluster in (None, cluster) and callout.path in (None, path):
                return callout.response
        return None


async def _ask(port: int, request: Message) -> Seen | None:
    """None: nothing came back but the end of the connection."""
    headers = dict(request.headers)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 22)
    fields = [(name, value) for name, value in request.headers if not name.startswith(":")]
    length = str(sum(map(len, request.body)))
    if request.body and headers.get("content-length") != length:
        fields = [pair for pair in fields if pair[0] != "content-length"] + [("transfer-encoding", "chunked")]
    head = h11.Request(
        method=headers[":method"], target=headers[":path"], headers=_encoded([("host", headers[":authority"]), *fields])
    )
    try:
        await _send(connection, writer, head, request.body)
        response = await _event(connection, reader)
        while isinstance(response, h11.InformationalResponse):
            response = await _event(connection, reader)
        if not isinstance(response, h11.Response):
            return None
        got = [(":status", str(response.status_code)), *_fields(response.headers)]
        body = await _body(connection, reader)
        return Seen(got, body or b"", body is not None)
    finally:
        writer.close()


async def _event(connection: h11.Connection, reader: asyncio.StreamReader) -> object:
    """None: the other side has closed the connection too early."""
    try:
        while (event := connection.next_event()) is h11.NEED_DATA:
            connection.receive_data(await reader.read(1 << 16))
    except (ConnectionError, h11.RemoteProtocolError):
        return None
    return event


async def _body(connection: h11.Connection, reader: asyncio.StreamReader) -> bytes | None:
    """None: it has no end."""
    body = bytearray()
    while not isinstance(event := await _event(connection, reader), h11.EndOfMessage):
        if not isinstance(event, h11.Data):
            return None
        body += event.data
    return bytes(body)


async def _send(
    connection: h11.Connection, writer: asyncio.StreamWriter, head: h11.Event, chunks: Sequence[bytes]
) -> None:
    """Each chunk in a packet of its own."""
    writer.write(connection.send(head) or b"")
    for chunk in filter(None, chunks):
        writer.write(connection.send(h11.Data(data=chunk)) or b"")
        await writer.drain()
        await asyncio.sleep(0)
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()


def _response(message: Message) -> h11.Response:
    fields = dict(message.headers)
    length = str(sum(map(len, message.body)))
    kept = [
        (name, value)
        for name, value in message.headers
        if not name.startswith(":") and (name != "content-length" or value == length)
    ]
    if "content-length" not in dict(kept):
        kept.append(("transfer-encoding", "chunked"))
    return h11.Response(status_code=int(fields[":status"]), headers=_encoded(kept))


def _encoded(fields: Fields) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in fields]


def _fields(headers: Any) -> Fields:
    return _plain([(name.decode(), value.decode("utf-8", "surrogateescape")) for name, value in headers])


def _plain(fields: Fields) -> Fields:
    return [pair for pair in fields if pair[0] not in _OF_CONNECTION]


def of_replay(result: Result) -> Came:
    """What a replay says, as it looks on the wire."""
    calls = [(call["cluster"], Seen(_sorted(call["headers"]), join([call["body"]]))) for call in result["callouts"]]
    if (reply := result["local_reply"]) is not None and result["downstream"] is None:
        status = [(":status", str(reply["status"]))]
        fields = [(name, value) for name, value in reply["headers"] if name != ":status"]
        client = Seen(_sorted([*status, *fields]), join([reply["body"]]))
    elif (downstream := result["downstream"]) is not None:
        whole = not downstream.get("reset")
        client = Seen(_sorted(downstream["headers"]), join(downstream["body"]), whole)
    else:
        client = None
    upstream = result["upstream"]
    asked = Seen(_sorted(upstream["headers"]), join([upstream["body"]])) if upstream else None
    return Came(asked, client, calls)


def of_wire(came: Came) -> Came:
    """In the same form."""

    def form(seen: Seen | None) -> Any:
        return None if seen is None else dataclasses.replace(seen, fields=_sorted(seen.fields))

    return Came(form(came.upstream), form(came.client), [(cluster, form(call)) for cluster, call in came.calls])


def _sorted(fields: Any) -> Fields:
    """Pseudo-headers have no order of their own on the wire."""
    plain = _plain([(name, value) for name, value in fields])
    pseudo = sorted(pair for pair in plain if pair[0].startswith(":"))
    return pseudo + [pair for pair in plain if not pair[0].startswith(":")]
