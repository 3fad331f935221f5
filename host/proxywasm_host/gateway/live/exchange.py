"""One request and its response on their way between a client, the plugins and an upstream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, Protocol

from proxywasm.wire import Fields

from ...stream import (
    ChainedStream,
    CloseUpstream,
    Event,
    InformationalResponse,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    Reset,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
)
from ..model import Route
from .access import AccessLine
from .cors import CorsPolicy
from .http1.reading import RequestHead, ResponseHead
from .http1.server import ClientConnection
from .http1.upstream import Failure, UpstreamConnection
from .origins import ConnectError, Origin
from .routing import Target
from .time_limits import Expired, StreamClock, TimeLimits

_STATUS: Final = {Failure.CLOSED: 503, Failure.CUT: 503, Failure.MALFORMED: 502}
_DETAILS: Final = {
    Failure.CLOSED: "upstream_reset_before_response_started{connection_termination}",
    Failure.CUT: "upstream_reset_before_response_started{connection_termination}",
    Failure.MALFORMED: "upstream_reset_before_response_started{protocol_error}",
}
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_NO_UPSTREAM: Final = (
    "no upstream: no plugin has said where this request goes, and its own Host header does not count. Check the "
    "plugin's configuration, or give the route an `upstream`"
)


class Worker(Protocol):
    """What an exchange needs of the worker that it belongs to."""

    times: TimeLimits
    trailers: bool
    """Whether trailers pass."""

    def cors(self, route: Route, /) -> CorsPolicy | None: ...

    def target(self, route: Route, authority: str, asked: str, /) -> Target | None: ...

    def idle_connection(self, origin: Origin, /) -> UpstreamConnection | None: ...

    async def connect(self, origin: Origin, /) -> UpstreamConnection: ...

    def settle(self) -> None:
        """Something has happened in a plugin: it may have made call-outs, and others may have something to send."""

    def ended(self, exchange: LiveExchange, /) -> None: ...

    def log(self, message: str, /) -> None: ...


class LiveExchange:
    """Moves what arrives into the stream of the plugins, and what leaves it to the client and to the upstream.

    It is the `Exchange` of a client's connection.
    """

    def __init__(
        self,
        worker: Worker,
        connection: ClientConnection,
        head: RequestHead,
        route: Route,
        stream: ChainedStream,
        access: AccessLine,
    ) -> None:
        self.stream = stream
        self.access = access
        self._worker = worker
        self._client = connection
        self._route = route
        self._request = head
        self._upstream: UpstreamConnection | None = None
        self._response = _Response(self)
        self._connecting: asyncio.Task[None] | None = None
        self._requested = False
        """All plugins have seen the request headers."""
        self._to_send: list[Event] = []
        """Of the request: what has not been sent, and what may have to be sent again."""
        self._replayable = True
        self._responding = False
        """Response headers of the upstream have arrived."""
        self._answered = False
        """The client is answered without the upstream."""
        self._tunnel = False
        self._over = False
        self._client_slow = self._upstream_slow = False
        self._cors = worker.cors(route)
        self._origin = "" if self._cors is None else dict(head.fields).get("origin", "")
        self._clock = StreamClock(worker.times, self._take_too_long)
        self._clock.requested = head.ends

    def begin(self) -> None:
        self.stream.request_headers(self._request.fields, self._request.ends)
        self._after()

    # The client.

    def on_body(self, data: bytes) -> None:
        self._clock.move()
        self.access.received += len(data)
        if not self._over:
            self.stream.request_body(data, end_of_stream=False)
            self._after()

    def on_end(self, trailers: Fields) -> None:
        if self._over or self._request.ends:
            return
        self._clock.move()
        self._clock.requested = True
        if trailers and self._worker.trailers:
            self.stream.request_trailers(trailers)
        else:
            self.stream.request_body(b"", end_of_stream=True)
        self._after()

    def on_client_gone(self) -> None:
        self._end()
        self._worker.settle()

    def on_client_slow(self) -> None:
        self._client_slow = True
        self._apply_pressure()

    def on_client_ready(self) -> None:
        self._client_slow = False
        self._apply_pressure()

    def on_tunnel_data(self, data: bytes) -> None:
        self._clock.move()
        if self._upstream is not None:
            self._upstream.send_tunnel_data(data)

    # The upstream, by way of `_Response`.

    def response_arrives(self, give: Callable[..., None], *arguments: Any) -> None:
        """`give` is the method of the stream for what arrives."""
        self._clock.move()
        if not self._over and not self._answered:
            give(*arguments)
            self._after()

    def response_begins(self, head: ResponseHead) -> None:
        self._responding = self._clock.responded = True
        self._replayable = False
        self._to_send.clear()
        self._tunnel = bool(head.upgrade) and not self._answered
        self.response_arrives(self.stream.response_headers, head.fields, head.ends)

    def response_ends(self, head_was_all: bool, trailers: Fields) -> None:
        self._upstream = None
        if trailers and self._worker.trailers:
            self.response_arrives(self.stream.response_trailers, trailers)
        elif not head_was_all:
            self.response_arrives(self.stream.response_body, b"", True)

    def response_fails(self, failure: Failure, details: str) -> None:
        used_before = self._upstream is not None and self._upstream.exchanges > 1
        self._upstream = None
        if self._over or self._answered:
            return
        method = dict(self._request.fields)[":method"]
        if failure is Failure.CLOSED and used_before and self._replayable and method in _IDEMPOTENT:
            # The server has closed a connection that waited for too long, just when it was used again.
            self._connect()
            return
        if self._responding:
            self._fail(_STATUS[failure], f"{failure.value}: {details}")
        else:
            self._worker.log(f"{failure.value}: {details}")
            self._answer(_STATUS[failure], failure.value, _DETAILS[failure])

    def tunnel_data(self, data: bytes) -> None:
        self._clock.move()
        self._client.send_tunnel_data(data)

    def tunnel_closed(self) -> None:
        self._client.close_tunnel()
        self.access.ended = "complete"
        self._end()
        self._worker.settle()

    def apply_upstream_pressure(self, slow: bool) -> None:
        self._upstream_slow = slow
        self._apply_pressure()

    # What leaves the stream.

    def move(self) -> None:
        """Send what the stream has to send."""
        for event in _with_lengths(self.stream.take()):
            match event:
                case RequestHeaders() | RequestBody() | RequestTrailers():
                    self._send_request(event)
                case InformationalResponse(fields):
                    self._client.send_informational(fields)
                case ResponseHeaders(fields, ends):
                    self._send_head(fields, ends)
                case ResponseBody(data, ends):
                    self.access.sends(len(data), self._clock.moved)
                    self._client.send_body(data)
                    if ends:
                        self._client.send_end()
                case ResponseTrailers(fields):
                    self._client.send_end(fields)
                case CloseUpstream():
                    self._answered = True
                    self._leave_upstream()
                case Reset(reason):
                    self._break_off(reason)
        if self._over:
            return
        if self.stream.response_done and not self._tunnel:
            self.access.ended = "complete"
            self._end()
        else:
            self._apply_pressure()

    def _send_head(self, fields: Fields, ends: bool) -> None:
        self.access.answers(fields[0][1], dict(fields).get("content-type", ""))
        if self._tunnel and fields[0][1] == "101":
            self._client.switch_protocols(self._for_pages(fields), self._request.upgrade)
        else:
            self._tunnel = False
            self._client.send_head(self._for_pages(fields), ends=ends)

    def _for_pages(self, fields: Fields) -> Fields:
        return fields if self._cors is None else self._cors.response(fields, self._origin)

    def _send_request(self, event: RequestHeaders | RequestBody | RequestTrailers) -> None:
        if self._answered:
            return
        if isinstance(event, RequestBody) and event.data:
            self._replayable = False  # a body is not kept once it is on its way
        if isinstance(event, RequestHeaders):
            self._requested = True
            self._to_send = [event]
            self._connect()
        elif self._upstream is None:
            self._to_send.append(event)
        else:
            self._give(self._upstream, [event])
            if self._replayable:
                self._to_send.append(event)
            else:
                self._to_send.clear()

    def _connect(self) -> None:
        headers = self._to_send[0]
        assert isinstance(headers, RequestHeaders)
        asked = dict(self._request.fields)[":authority"]
        target = self._worker.target(self._route, dict(headers.fields).get(":authority", ""), asked)
        if target is None:
            self._answer(421, _NO_UPSTREAM, "no_upstream")
            return
        self.access.upstream = target.name
        self.access.asks(self._clock.moved)
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
            self._answer(503, str(error), f"upstream_reset_before_response_started{{{error.reason}}}")
            return
        self._connecting = None
        self._use(connection)

    def _use(self, connection: UpstreamConnection) -> None:
        self._upstream = connection
        self._upstream_slow = False
        try:
            self._give(connection, self._to_send)
        except ValueError as error:
            self._worker.log(f"a request cannot be sent: {error}")
            self._answer(502, f"the request cannot be sent: {error}", "request_malformed")
            return
        if not self._replayable:
            self._to_send.clear()
        self._apply_pressure()

    def _give(self, connection: UpstreamConnection, events: list[Event]) -> None:
        for event in events:
            match event:
                case RequestHeaders(fields, ends):
                    connection.open(self._response, fields, ends=ends, upgrade=self._request.upgrade)
                case RequestBody(data, ends):
                    connection.send_body(data)
                    if ends:
                        connection.send_end()
                case RequestTrailers(fields):
                    connection.send_end(fields)
        if connection.sent_all:
            self._clock.ask()

    # The end.

    def _answer(self, status: int, text: str, details: str) -> None:
        """The gateway's own response: plugins see it as any other, with its `response.code_details`."""
        self._answered = True
        self._clock.move()
        self._leave_upstream()
        body = f"{text}\n".encode()
        fields = [(":status", str(status)), ("content-type", "text/plain"), ("content-length", str(len(body)))]
        if self._requested:
            self.stream.response_headers(fields, False, details)
            self.stream.response_body(body, True)
            self._after()
            return
        # Plugins see no response to a request that has not passed all of them.
        self._answer_directly(fields, body)

    def _answer_directly(self, fields: Fields, body: bytes) -> None:
        self._send_head(fields, False)
        self.access.sends(len(body), self._clock.moved)
        self.access.ended = "complete"
        self._client.send_body(body)
        self._client.send_end()
        self._end()
        self._worker.settle()

    def _fail(self, status: int, reason: str) -> None:
        """The response that plugins have seen the beginning of has no end."""
        if self.access.status:
            self._break_off(reason)
            self._worker.settle()
            return
        # They hold all of it: the client can still be told.
        self._worker.log(reason)
        self._answered = True
        body = f"{reason}\n".encode()
        fields = [(":status", str(status)), ("content-type", "text/plain"), ("content-length", str(len(body)))]
        self._answer_directly(fields, body)

    def _break_off(self, reason: str) -> None:
        self.access.ended = f"broken off: {reason}"
        self._worker.log(f"the response is broken off: {reason}")
        self._client.break_off()
        self._end()

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        self._clock.stop()
        self._leave_upstream()
        self.stream.close()
        self.stream.take()
        self._worker.ended(self)

    def _leave_upstream(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        connection, self._upstream = self._upstream, None
        if connection is not None:
            connection.cancel()

    def _after(self) -> None:
        self.move()
        self._worker.settle()

    def _apply_pressure(self) -> None:
        """Whoever sends waits as long as what was sent before does not go on."""
        waiting = self._upstream is None and bool(self._to_send) and not self._answered
        self._client.hold_back(self._upstream_slow or self.stream.request_paused or waiting)
        if self._upstream is not None:
            self._upstream.set_reading(not (self._client_slow or self.stream.response_paused))

    def _take_too_long(self, expired: Expired) -> None:
        if self._responding or self._tunnel or self._answered:
            self._fail(expired.status, expired.message)
        else:
            self._worker.log(expired.message)
            self._answer(*expired)


def _with_lengths(events: list[Event]) -> list[Event]:
    """A body that follows its headers at once has a known length, and need not be sent in chunks."""
    for place, (event, following) in enumerate(pairwise(events)):
        if (
            isinstance(event, RequestHeaders | ResponseHeaders)
            and isinstance(following, RequestBody | ResponseBody)
            and following.end_of_stream
            and "content-length" not in dict(event.fields)
        ):
            fields = [*event.fields, ("content-length", str(len(following.data)))]
            events[place] = replace(event, fields=fields)
    return events


class _Response:
    """The upstream's side of an exchange."""

    def __init__(self, exchange: LiveExchange) -> None:
        self._exchange = exchange
        self._ended = False

    def on_informational(self, fields: Fields) -> None:
        self._exchange.response_arrives(self._exchange.stream.informational_response, fields)

    def on_head(self, head: ResponseHead) -> None:
        self._ended = head.ends
        self._exchange.response_begins(head)

    def on_body(self, data: bytes) -> None:
        self._exchange.response_arrives(self._exchange.stream.response_body, data, False)

    def on_end(self, trailers: Fields) -> None:
        self._exchange.response_ends(self._ended, trailers)

    def on_failure(self, failure: Failure, details: str) -> None:
        self._exchange.response_fails(failure, details)

    def on_upstream_slow(self) -> None:
        self._exchange.apply_upstream_pressure(slow=True)

    def on_upstream_ready(self) -> None:
        self._exchange.apply_upstream_pressure(slow=False)

    def on_upstream_data(self, data: bytes) -> None:
        self._exchange.tunnel_data(data)

    def on_upstream_closed(self) -> None:
        self._exchange.tunnel_closed()
