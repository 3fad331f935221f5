"""What one version of a gateway file serves: its plugins, routes and upstreams, and the streams that began with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from proxywasm.text import to_bytes
from proxywasm.wire import Fields

from ...services import HttpCall, Properties, RedisCall
from ...stream import ChainedStream, Runner
from ..model import Gateway, Route
from .access import AccessLine
from .call_outs import HttpCalls, RedisCommands
from .cors import CorsPolicy, is_preflight
from .exchange import LiveExchange
from .http1.messages import RequestHead
from .http1.server import ClientConnection
from .http1.upstream import UpstreamConnection
from .origins import Origin, OriginLimits, Origins
from .plugins import LivePlugins
from .recording import RecordedGateway, Recorder
from .routing import Routing, Target, plain_path
from .time_limits import TimeLimits
from .tracing import Tracing, trace_of

_LARGEST_ANSWER: Final = 32 * 2**20
"""Bytes of the answer to a call-out."""


class Generation:
    """The `Worker` of its exchanges. Create it in the loop that is to serve.

    Args:
        ended: gets each stream that has ended.
        over: called when it is retired and its last stream has ended.
    """

    def __init__(
        self,
        gateway: Gateway,
        plugins: LivePlugins,
        *,
        log: Callable[[str], None],
        tracing: Tracing | None,
        recorder: Recorder | None,
        ended: Callable[[AccessLine], None],
        over: Callable[[Generation], None],
    ) -> None:
        self.gateway = gateway
        self.times = TimeLimits.of(gateway.limits)
        self.trailers = gateway.trailers
        self.log = log
        self._plugins = plugins
        self._tracing = tracing
        self._recorder = recorder
        self._recorded = RecordedGateway.of(gateway)
        self._on_ended = ended
        self._over = over
        self._routing = Routing(gateway)
        self._origins = Origins(limits=OriginLimits(connect_seconds=gateway.limits.connect), proxy=gateway.proxy)
        clusters = {name: target.origin for name in gateway.upstreams if (target := self._routing.upstream(name))}
        self._http = HttpCalls(self._origins, clusters, largest=_LARGEST_ANSWER)
        self._redis = RedisCommands(clusters, log)
        self._exchanges: dict[ChainedStream, LiveExchange] = {}
        self._calls: dict[tuple[Runner, int], asyncio.Task[None]] = {}
        self._settling = False
        self._retired = False
        self._loop = asyncio.get_running_loop()

    @property
    def open_streams(self) -> int:
        return len(self._exchanges)

    def retire(self) -> None:
        """It gets no more streams, and is over when those that it has have ended."""
        self._retired = True
        self._look_for_the_end()

    async def close(self) -> None:
        """End everything now."""
        calls = [*self._calls.values()]
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        for exchange in [*self._exchanges.values()]:
            exchange.on_client_gone()
        await self._origins.close()
        await self._redis.close()
        self._plugins.close()

    def tick(self) -> None:
        self._plugins.tick()
        self.settle()

    def open_exchange(self, connection: ClientConnection, head: RequestHead) -> Any:
        head = head._replace(fields=plain_path(head.fields))
        values = dict(head.fields)
        route = self._routing.route(values[":authority"], values[":path"])
        properties = {} if route is None else _properties(connection, route, values)
        name = "" if route is None else route.name
        access = AccessLine(name, values[":method"], values[":path"], properties)
        access.trace = trace_of(values)
        if self._tracing is not None:
            head = head._replace(fields=self._tracing.begin(head.fields, values, access))
        if route is None:
            self._on_ended(answered(access, 404))
            body = f"no route matches {access.method} {access.path}\n".encode()
            return _Answered(connection, [(":status", "404"), ("content-type", "text/plain")], body)
        if (policy := self._routing.cors(route)) and is_preflight(values) and policy.allows(values["origin"]):
            self._on_ended(answered(access, 200))
            return _Answered(connection, policy.preflight(values["origin"]))
        stream = self._open(properties)
        exchange = self._exchanges[stream] = LiveExchange(self, connection, head, route, stream, access)
        exchange.begin()
        return exchange

    def _open(self, properties: Properties) -> ChainedStream:
        if (recorder := self._recorder) is None:
            return self._plugins.open(properties)
        return self._plugins.open(
            properties, lambda streams, ready: recorder.stream(self._recorded, streams, ready, properties)
        )

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
        if self._recorder is not None:
            self._recorder.ended(stream)
        self._on_ended(access)
        self._look_for_the_end()

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
                if self._recorder is not None:
                    self._recorder.called(runner, call)
                self._calls[runner, call.id] = self._loop.create_task(self._carry_out(runner, call))
            for runner, number in self._plugins.cancelled():
                if (task := self._calls.pop((runner, number), None)) is not None:
                    task.cancel()
                if self._recorder is not None:
                    self._recorder.answered(runner, number, [], b"")
        finally:
            self._settling = False

    def _carry_out(self, runner: Runner, call: HttpCall | RedisCall) -> Coroutine[Any, Any, None]:
        if isinstance(call, HttpCall):
            return self._ask(runner, call)
        return self._command(runner, call.id, self._redis.send(call))

    async def _ask(self, runner: Runner, call: HttpCall) -> None:
        fields, body = await self._http.execute(call)
        if self._calls.pop((runner, call.id), None) is not None:
            if self._recorder is not None:
                self._recorder.answered(runner, call.id, fields, body)
            runner.http_call_response(call.id, fields, body)
        self.settle()

    async def _command(self, runner: Runner, number: int, sent: Awaitable[bytes | None]) -> None:
        answer = await sent
        if self._calls.pop((runner, number), None) is not None:
            runner.redis_call_response(number, answer)
        self.settle()

    def _look_for_the_end(self) -> None:
        if self._retired and not self._exchanges:
            self._over(self)


def _properties(connection: ClientConnection, route: Route, values: dict[str, str]) -> dict[tuple[str, ...], bytes]:
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
