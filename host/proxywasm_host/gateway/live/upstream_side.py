"""The upstream's side of an exchange: how the request gets there, and how the response comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from proxywasm.wire import Fields

from ...stream import ChainedStream, Event, RequestBody, RequestHeaders, RequestTrailers
from ..model import Route
from .access import AccessLine
from .first_byte import FirstByte
from .http1.messages import RequestHead, ResponseHead
from .http1.upstream import Failure, UpstreamConnection
from .origins import ConnectError, Origin
from .owner import Worker
from .time_limits import StreamClock

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_NO_UPSTREAM: Final = (
    "no upstream: no plugin has said where this request goes, and its own Host header does not count. Check the "
    "plugin's configuration, or give the route an `upstream`"
)


class Exchange(Protocol):
    """What the upstream's side tells the exchange that it belongs to."""

    access: AccessLine
    stream: ChainedStream

    @property
    def wants_response(self) -> bool:
        """It is not over, and the client is not answered without the upstream."""

    def response_begins(self, head: ResponseHead, /) -> None: ...

    def response_arrives(self, give: Callable[..., None], /, *arguments: Any) -> None:
        """`give` is the method of the stream for what arrives."""

    def response_fails(self, failure: Failure, details: str, /) -> None: ...

    def answer(self, status: int, text: str, details: str, /) -> None:
        """There is no upstream that could answer."""

    def apply_pressure(self) -> None:
        """What holds the other side back has changed."""

    def tunnel_data(self, data: bytes, /) -> None: ...

    def tunnel_closed(self) -> None: ...


class UpstreamSide:
    """It is the `ResponseExchange` of its connection."""

    def __init__(
        self, worker: Worker, exchange: Exchange, route: Route, request: RequestHead, clock: StreamClock
    ) -> None:
        self.connection: UpstreamConnection | None = None
        self.slow = False
        """It does not read."""
        self._worker = worker
        self._exchange = exchange
        self._stream = exchange.stream
        self._route = route
        self._request = request
        self._clock = clock
        self._connecting: asyncio.Task[None] | None = None
        self._to_send: list[Event] = []
        """Of the request: what has not been sent, and what may have to be sent again."""
        self._replayable = True
        self._head: ResponseHead | None = None
        self._first_byte: FirstByte | None = None
        self._left = False

    # The request.

    @property
    def waits_for_connection(self) -> bool:
        return self.connection is None and bool(self._to_send)

    def send(self, event: RequestHeaders | RequestBody | RequestTrailers) -> None:
        """The request headers choose the upstream."""
        if isinstance(event, RequestBody) and event.data:
            self._replayable = False  # a body is not kept once it is on its way
        if isinstance(event, RequestHeaders):
            self._to_send = [event]
            self._connect()
        elif self.connection is None:
            self._to_send.append(event)
        else:
            self._give(self.connection, [event])
            if self._replayable:
                self._to_send.append(event)
            else:
                self._to_send.clear()

    def leave(self) -> None:
        """Nobody waits for the response any more."""
        self._left = True
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.cancel()

    def _connect(self) -> None:
        headers = self._to_send[0]
        assert isinstance(headers, RequestHeaders)
        asked = dict(self._request.fields)[":authority"]
        target = self._worker.target(self._route, dict(headers.fields).get(":authority", ""), asked)
        if target is None:
            self._exchange.answer(421, _NO_UPSTREAM, "no_upstream")
            return
        access = self._exchange.access
        access.upstream = target.name
        access.asks(self._clock.moved)
        if (connection := self._worker.idle_connection(target.origin)) is not None:
            self._use(connection)
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect_to(target.origin))

    async def _connect_to(self, origin: Origin) -> None:
        try:
            connection = await self._worker.connect(origin)
        except ConnectError as error:
            self._connecting = None
            self._worker.log(str(error))
            self._exchange.answer(503, str(error), f"upstream_reset_before_response_started{{{error.reason}}}")
            return
        self._connecting = None
        self._use(connection)

    def _use(self, connection: UpstreamConnection) -> None:
        self.connection = connection
        self.slow = False
        try:
            self._give(connection, self._to_send)
        except ValueError as error:
            self._worker.log(f"a request cannot be sent: {error}")
            self._exchange.answer(502, f"the request cannot be sent: {error}", "request_malformed")
            return
        if not self._replayable:
            self._to_send.clear()
        self._exchange.apply_pressure()

    def _give(self, connection: UpstreamConnection, events: list[Event]) -> None:
        for event in events:
            match event:
                case RequestHeaders(fields, ends):
                    connection.open(self, fields, ends=ends, upgrade=self._request.upgrade)
                case RequestBody(data, ends):
                    connection.send_body(data)
                    if ends:
                        connection.send_end()
                case RequestTrailers(fields):
                    connection.send_end(fields)
        if connection.sent_all:
            self._clock.ask()

    # The response.

    def on_informational(self, fields: Fields) -> None:
        self._gives(self._stream.informational_response, fields)

    def on_head(self, head: ResponseHead) -> None:
        self._replayable = False
        self._to_send.clear()
        self._head = head
        self._exchange.response_begins(head)

    def on_body(self, data: bytes) -> None:
        if not self._clock.responded:
            self._look_for_first_byte(data)
        self._gives(self._stream.response_body, data, False)

    def _look_for_first_byte(self, data: bytes) -> None:
        if self._first_byte is None:
            assert self._head is not None, "a body follows a head"
            self._first_byte = FirstByte(self._head.fields)
        self._clock.responded = self._first_byte.is_in(data)

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        self.connection = None
        if trailers and self._worker.trailers:
            if rest:
                self.on_body(rest)
            self._gives(self._stream.response_trailers, trailers)
        elif self._head is not None and not self._head.ends:
            self._gives(self._stream.response_body, rest, True)

    def _gives(self, give: Callable[..., None], *arguments: Any) -> None:
        if not self._left:  # what came before may have made a plugin send another request
            self._exchange.response_arrives(give, *arguments)

    def on_failure(self, failure: Failure, details: str) -> None:
        used_before = self.connection is not None and self.connection.exchanges > 1
        self.connection = None
        if self._left or not self._exchange.wants_response:
            return
        method = dict(self._request.fields)[":method"]
        if failure is Failure.CLOSED and used_before and self._replayable and method in _IDEMPOTENT:
            # The server has closed a connection that waited for too long, just when it was used again.
            self._connect()
        else:
            self._exchange.response_fails(failure, details)

    def on_upstream_slow(self) -> None:
        self.slow = True
        self._exchange.apply_pressure()

    def on_upstream_ready(self) -> None:
        self.slow = False
        self._exchange.apply_pressure()

    def on_upstream_data(self, data: bytes) -> None:
        self._exchange.tunnel_data(data)

    def on_upstream_closed(self) -> None:
        self._exchange.tunnel_closed()
