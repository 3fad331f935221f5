"""One event loop that serves a gateway file: listeners, exchanges, call-outs, ticks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

from proxywasm.text import to_bytes
from proxywasm.wire import Fields

from ...services import HttpCall, RedisCall
from ...stream import ChainedStream, Runner
from ..certificates import server_context
from ..model import Gateway, Route
from .access import AccessLine
from .call_outs import HttpCalls, RedisCommands
from .connections import ClientConnections, Refused
from .cors import CorsPolicy, is_preflight
from .exchange import LiveExchange
from .handshake import Handshake, ServerTls
from .http1.limits import ServerLimits
from .http1.messages import MessageError, RequestHead
from .http1.server import ClientConnection
from .http1.upstream import UpstreamConnection
from .listening import BACKLOG
from .metrics import GatewayMetrics
from .open_files import most_clients
from .origins import Origin, OriginLimits, Origins
from .plugins import LivePlugins
from .routing import Routing, Target, plain_path
from .time_limits import TimeLimits
from .tracing import Tracing, trace_of

_HEARTBEAT: Final = 0.05
"""Seconds between looks at ticks and time limits."""
_LARGEST_ANSWER: Final = 32 * 2**20
"""Bytes of the answer to a call-out."""


class LiveWorker:
    """Create it in the loop that is to serve; `start`, and `stop` at the end.

    `log` gets messages for operators, `access` a JSON line for each stream that has ended, if the file wants them.
    `metrics` counts the streams, `tracing` makes a span of each.
    """

    def __init__(
        self,
        gateway: Gateway,
        plugins: LivePlugins,
        *,
        log: Callable[[str], None],
        access: Callable[[str], None] = lambda _: None,
        metrics: GatewayMetrics | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        limits = gateway.limits
        self.times = TimeLimits.of(limits)
        self.trailers = gateway.trailers
        self._gateway = gateway
        self._plugins = plugins
        self._log = log
        self._access = access
        self._metrics = metrics
        self._tracing = tracing
        self._routing = Routing(gateway)
        self._origins = Origins(limits=OriginLimits(connect_seconds=limits.connect), proxy=gateway.proxy)
        clusters = {name: target.origin for name in gateway.upstreams if (target := self._routing.upstream(name))}
        self._http = HttpCalls(self._origins, clusters, largest=_LARGEST_ANSWER)
        self._redis = RedisCommands(clusters, log)
        self._connections = ClientConnections(most_clients(gateway, log), log)
        self._server_limits = ServerLimits(
            head=limits.headers, head_seconds=limits.request_head, keep_alive_seconds=limits.keep_alive
        )
        self._exchanges: dict[ChainedStream, LiveExchange] = {}
        self._calls: dict[tuple[Runner, int], asyncio.Task[None]] = {}
        self._tls: ServerTls | None = None
        self._server: asyncio.Server | None = None
        self._heart: asyncio.Task[None] | None = None
        self._settling = False
        self._loop = asyncio.get_running_loop()

    async def start(self, listening: socket.socket) -> None:
        if (tls := self._gateway.tls) is not None:
            limits = self._server_limits
            context = server_context(tls.certificate, tls.key)
            self._tls = ServerTls(context, limits.head_seconds, limits.linger_seconds)
        self._server = await self._loop.create_server(self._accept, sock=listening, backlog=BACKLOG)
        self._heart = self._loop.create_task(self._beat())
        self.settle()

    async def stop(self, grace_seconds: float) -> None:
        """Take no more requests, wait for those under way, and end what is left then."""
        if self._server is not None:
            self._server.close()
        for connection in [*self._connections]:
            connection.drain()
        end = self._loop.time() + grace_seconds
        while self._exchanges and self._loop.time() < end:
            await asyncio.sleep(_HEARTBEAT)
        for connection in [*self._connections]:
            connection.break_off()
        for task in [*self._calls.values(), *([self._heart] if self._heart else [])]:
            task.cancel()
        await asyncio.gather(*self._calls.values(), return_exceptions=True)
        for exchange in [*self._exchanges.values()]:
            exchange.on_client_gone()
        await self._origins.close()
        self._redis.close()
        self._plugins.close()

    # For connections.

    def _accept(self) -> asyncio.BaseProtocol:
        if self._connections.full():
            return Refused()
        return (
            self._connection()
            if self._tls is None
            else Handshake(self._tls, self._connections, self._connection, self._log)
        )

    def _connection(self) -> ClientConnection:
        return ClientConnection(
            self,
            scheme="http" if self._gateway.tls is None else "https",
            limits=self._server_limits,
            opened=self._connections.add,
            closed=self._connections.discard,
        )

    def open_exchange(self, connection: ClientConnection, head: RequestHead) -> Any:
        head = head._replace(fields=plain_path(head.fields))
        values = dict(head.fields)
        route = self._routing.route(values[":authority"], values[":path"])
        properties = {} if route is None else self._properties(connection, route, values)
        name = "" if route is None else route.name
        access = AccessLine(name, values[":method"], values[":path"], properties)
        access.trace = trace_of(values)
        if self._tracing is not None:
            head = head._replace(fields=self._tracing.begin(head.fields, values, access))
        if route is None:
            self._ended(answered(access, 404))
            body = f"no route matches {access.method} {access.path}\n".encode()
            return _Answered(connection, [(":status", "404"), ("content-type", "text/plain")], body)
        if (policy := self._routing.cors(route)) and is_preflight(values) and policy.allows(values["origin"]):
            self._ended(answered(access, 200))
            return _Answered(connection, policy.preflight(values["origin"]))
        stream = self._plugins.open(properties)
        exchange = self._exchanges[stream] = LiveExchange(self, connection, head, route, stream, access)
        exchange.begin()
        return exchange

    def malformed(self, connection: ClientConnection, error: MessageError) -> tuple[Fields, bytes]:
        self._log(f"a request of {connection.address} was refused: {error}")
        return [(":status", str(error.status)), ("content-type", "text/plain")], f"{error}\n".encode()

    def _properties(
        self, connection: ClientConnection, route: Route, values: dict[str, str]
    ) -> dict[tuple[str, ...], bytes]:
        return {
            ("route_name",): route.name.encode(),
            ("cluster_name",): (route.upstream or "").encode(),
            ("source", "address"): connection.address.encode(),
            ("request", "method"): values[":method"].encode(),
            ("request", "path"): to_bytes(values[":path"]),
            ("request", "host"): to_bytes(values[":authority"]),
            ("request", "scheme"): values[":scheme"].encode(),
            ("request", "protocol"): b"HTTP/1.1",
        }

    # For exchanges.

    def cors(self, route: Route) -> CorsPolicy | None:
        return self._routing.cors(route)

    def target(self, route: Route, authority: str, asked: str) -> Target | None:
        return self._routing.target(route, authority, asked)

    def idle_connection(self, origin: Origin) -> UpstreamConnection | None:
        return self._origins.idle(origin)

    async def connect(self, origin: Origin) -> UpstreamConnection:
        return await self._origins.connect(origin)

    def ended(self, stream: ChainedStream, access: AccessLine) -> None:
        self._exchanges.pop(stream, None)
        self._ended(access)

    def _ended(self, access: AccessLine) -> None:
        access.ends()
        if self._gateway.access_log:
            self._access(access.text())
        if self._metrics is not None:
            self._metrics.count(access)
        if self._tracing is not None:
            self._tracing.end(access)

    def log(self, message: str) -> None:
        self._log(message)

    def settle(self) -> None:
        """Send what streams have to send, and start the call-outs that plugins have made, until nothing moves."""
        if self._settling:
            return
        self._settling = True
        try:
            while ready := self._plugins.ready():
                for stream in ready:
                    exchange = self._exchanges.get(stream)
                    if exchange is None:
                        stream.take()
                    else:
                        exchange.move()
            for runner, call in self._plugins.calls():
                self._calls[runner, call.id] = self._loop.create_task(self._carry_out(runner, call))
            for runner, number in self._plugins.cancelled():
                if (task := self._calls.pop((runner, number), None)) is not None:
                    task.cancel()
        finally:
            self._settling = False

    async def _carry_out(self, runner: Runner, call: HttpCall | RedisCall) -> None:
        if isinstance(call, HttpCall):
            fields, body = await self._http.execute(call)
            if self._calls.pop((runner, call.id), None) is not None:
                runner.http_call_response(call.id, fields, body)
        else:
            answer = await self._redis.execute(call)
            if self._calls.pop((runner, call.id), None) is not None:
                runner.redis_call_response(call.id, answer)
        self.settle()

    async def _beat(self) -> None:
        shown = 0.0
        while True:
            self._plugins.tick()
            self.settle()
            if self._metrics is not None and self._loop.time() - shown >= 1:
                shown = self._loop.time()
                self._metrics.show(streams=len(self._exchanges), connections=len(self._connections))
            await asyncio.sleep(_HEARTBEAT)


def answered(access: AccessLine, status: int) -> AccessLine:
    """The line of a request that no plugin has seen."""
    access.status, access.ended = status, "complete"
    return access


class _Answered:
    """The exchange of a request that was answered at once."""

    def __init__(self, connection: ClientConnection, fields: Fields, body: bytes = b"") -> None:
        connection.send_head([*fields, ("content-length", str(len(body)))], ends=not body)
        if body:
            connection.send_body(body)
            connection.send_end()

    def on_body(self, data: bytes) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields) -> None: ...

    def on_client_gone(self) -> None: ...

    def on_client_slow(self) -> None: ...

    def on_client_ready(self) -> None: ...

    def on_tunnel_data(self, data: bytes) -> None: ...
