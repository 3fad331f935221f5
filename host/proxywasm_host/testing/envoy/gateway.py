"""The gateway of a test host that is a real Envoy."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from proxywasm.wire import Fields

from ...services import Clock, HttpCall, LogRecord, Metrics, Properties, RedisCall, SharedData
from ..gateways import Setting, unsupported
from .configuration import STREAM
from .http1 import Reader, Server
from .hub import Wire
from .logs import Line
from .session import Session
from .streams import EnvoyStream

_FIRST_STREAM: Final = 2
"""Context 1 is the plugin itself."""
_TIMEOUT: Final = "x-envoy-expected-rq-timeout-ms"
_OF_CALLS: Final = {_TIMEOUT, "x-envoy-internal", "x-forwarded-for", "x-forwarded-proto"}
"""Headers that Envoy adds to the calls of plugins."""

_PAUSE: Final = 0.01
"""Seconds between two checks for events that the test has not caused."""

_numbers = itertools.count(1)


@dataclass(slots=True)
class Instance:
    """The plugins of a host, each in a VM of its own. `vm` is the id that these have in common."""

    vm: str
    upstream: str
    """The cluster of its route."""
    streams: int = 0
    """The number of streams that it has seen."""


class EnvoyGateway:
    def __init__(self, session: Session, instance: Instance, setting: Setting, closed: Callable[[], None]) -> None:
        self.services = EnvoyServices(session, instance)
        self.instance = instance
        self.failed = False
        """The plugin has raised, so its state is unknown."""
        self._session = session
        self._closed = closed
        self._on_failure = setting.on_failure
        self._judged = 0
        """The number of messages that have been searched for failures."""
        self._streams: dict[int, EnvoyStream] = {}
        self._calls: dict[int, Server] = {}

    @property
    def plugins(self) -> Sequence[EnvoyGateway]:
        """One plugin, also for a chain: from outside it is unknown which plugin calls a service."""
        return (self,)

    # Streams.

    def open(self, properties: Properties) -> EnvoyStream:
        if properties:
            unsupported("properties")
        stream = EnvoyStream(next(_numbers), self._next_id, self._connect, self.settle)
        self._streams[stream.number] = stream
        return stream

    def ready(self) -> list[EnvoyStream]:
        """Open streams that have something to show."""
        return [stream for stream in self._streams.values() if stream.events and not stream.closed]

    def _next_id(self) -> int:
        self.instance.streams += 1
        return self.instance.streams + _FIRST_STREAM - 1

    def _connect(self) -> Wire:
        return self._session.connect(self.instance.vm)

    # Services.

    def acceptor(self, cluster: str) -> Callable[[Wire], None]:
        """Takes Envoy's connections to a service; each is for a request of a stream, or for a call of the plugin."""

        def accepted(wire: Wire) -> None:
            # It lives as long as its connection, whose receiver it is.
            Server(wire, lambda server: _Incoming(self, cluster, server))

        return accepted

    def stream(self, fields: Fields) -> EnvoyStream | None:
        return self._streams.get(int(dict(fields).get(STREAM, 0)))

    def called(self, call: HttpCall, server: Server) -> None:
        self._calls[call.id] = server
        self.services.calls.append(call)

    def call_broken(self, call: HttpCall) -> None:
        """Envoy has closed the connection of a call."""
        if self._calls.pop(call.id, None) is not None:
            self.services.cancelled.append(call.id)

    def http_call_response(self, call: int, fields: Fields, body: bytes) -> None:
        server = self._calls.pop(call)
        if fields:
            server.respond(fields, end_of_stream=not body)
            if body:
                server.send_body(body, end_of_stream=True)
        else:
            server.close()
        self.settle()

    def redis_call_response(self, call: int, response: bytes | None) -> NoReturn:  # noqa: ARG002  # there are none
        unsupported("redis")

    def refuse_calls(self, cluster: str) -> None:
        self._session.refuse(cluster)

    # Time, which is real here.

    def time_out(self, call: int, advance: Callable[[], None]) -> None:  # noqa: ARG002  # nobody can move it
        """Wait until Envoy's own timeout ends the call."""
        wire = self._calls.pop(call).wire
        while wire.open:
            time.sleep(_PAUSE)
            self._session.settle()
        self.settle()

    def expire(self) -> None:
        """Envoy does that."""

    def tick(self) -> None:
        """Envoy does that."""

    def settle(self) -> None:
        self._session.settle()
        # Also what a test has read in between by looking at the log.
        lines = self.services.read()
        new, self._judged = lines[self._judged :], len(lines)
        for line in new:
            if failure := line.failure:
                self.failed = True
                self._on_failure(failure)

    def close(self) -> None:
        for server in self._calls.values():
            server.close()
        self._calls.clear()
        self.settle()
        self._closed()


class EnvoyServices:
    """The services of a test, as far as they are visible outside of Envoy."""

    tick_period_ms = 0

    def __init__(self, session: Session, instance: Instance) -> None:
        self.calls: list[HttpCall] = []
        self.cancelled: list[int] = []
        self._session = session
        self._instance = instance
        self._lines: list[Line] = []
        self._start = self._read = session.log_size()

    @property
    def logs(self) -> list[LogRecord]:
        return [line.record for line in self.read()]

    def read(self) -> Sequence[Line]:
        """All messages so far. Reads those since the last time of the instance that has the streams."""
        size = self._session.log_size()
        # If several hosts run, the one that has just done something looks first for what was lost.
        said = [line for line in self._session.log(self._read) if line.vm in (self._instance.vm, "")]
        self._read = size
        self._lines += [line for line in said if line.thread != self._session.main_thread]
        return self._lines

    def said_while_starting(self) -> list[Line]:
        """Messages of all instances: Envoy first tries a configuration in an instance without streams."""
        return [line for line in self._session.log(self._start) if line.vm == self._instance.vm]

    def whole_log(self) -> str:
        return self._session.whole_log()

    @property
    def metrics(self) -> Metrics:
        return _EnvoyMetrics(self._session)

    @property
    def clock(self) -> Clock:
        unsupported("advance")

    @property
    def shared_data(self) -> SharedData:
        unsupported("shared_data")

    @property
    def rebuild_wanted(self) -> bool:
        unsupported("services")

    @property
    def max_requests_per_io_cycle(self) -> int:
        unsupported("services")

    def property_of(self, context: int, path: tuple[str, ...]) -> NoReturn:  # noqa: ARG002  # of no use
        unsupported("get_property")

    def now(self) -> int:
        return time.time_ns()

    def take_calls(self) -> list[HttpCall]:
        calls, self.calls = self.calls, []
        return calls

    def take_redis_calls(self) -> list[RedisCall]:
        return []

    def take_cancelled(self) -> list[int]:
        cancelled, self.cancelled = self.cancelled, []
        return cancelled


class _EnvoyMetrics(Metrics):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def snapshot(self) -> dict[str, int]:
        return self._session.metrics()

    def histograms(self) -> NoReturn:
        unsupported("histograms")


class _Incoming:
    """A request that arrives at a service. Its headers decide whether it belongs to a stream or is a call-out."""

    def __init__(self, gateway: EnvoyGateway, cluster: str, server: Server) -> None:
        self._gateway, self._cluster, self._server = gateway, cluster, server
        self._stream: EnvoyStream | None = None
        self._call = _Call(gateway, cluster, server)

    @property
    def _reader(self) -> Reader:
        return self._stream.request if self._stream else self._call

    def headers(self, fields: Fields) -> None:
        self._stream = self._gateway.stream(fields)
        if self._stream:
            self._stream.upstream = self._server
        self._reader.headers(fields)

    def body(self, data: bytes) -> None:
        self._reader.body(data)

    def end(self, trailers: Fields) -> None:
        self._reader.end(trailers)

    def broken(self) -> None:
        self._reader.broken()


class _Call:
    """A call of the plugin, reported when it has arrived completely."""

    def __init__(self, gateway: EnvoyGateway, cluster: str, server: Server) -> None:
        self._gateway, self._cluster, self._server = gateway, cluster, server
        self._fields: Fields = []
        self._data = bytearray()
        self._call: HttpCall | None = None

    def headers(self, fields: Fields) -> None:
        self._fields = fields

    def body(self, data: bytes) -> None:
        self._data += data

    def end(self, trailers: Fields) -> None:
        del trailers
        fields = [pair for pair in self._fields if pair[0] not in _OF_CALLS]
        timeout = int(dict(self._fields).get(_TIMEOUT, 0))
        self._call = HttpCall(next(_numbers), 0, self._cluster, fields, bytes(self._data), timeout)
        self._gateway.called(self._call, self._server)

    def broken(self) -> None:
        if self._call:
            self._gateway.call_broken(self._call)
