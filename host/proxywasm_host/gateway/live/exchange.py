"""One request and its response on their way between a client, the plugins and an upstream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

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
    StartOver,
)
from ..model import Route
from .access import AccessLine
from .http1.messages import RequestHead, ResponseHead
from .http1.server import ClientConnection
from .http1.sockets import READ_SIZE
from .http1.upstream import Failure
from .lengths import with_lengths
from .own_answers import DETAILS, STATUS, message
from .owner import Worker
from .time_limits import Expired, StreamClock
from .upstream_side import UpstreamSide

_MOST_KEPT: Final = 256 * 1024
"""Bytes that are read while a plugin pauses."""


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
        self._route = route
        self._client = connection
        self._request = head
        self._requested = False
        """All plugins have seen the request headers."""
        self._responding = False
        """Response headers of the upstream have arrived."""
        self._answered = False
        """The client is answered without the upstream."""
        self._tunnel = False
        self._over = False
        self._got: Fields = []
        """The response headers that plugins have got, of the upstream or of the gateway itself."""
        self._client_slow = False
        self._cors = worker.cors(route)
        self._origin = "" if self._cors is None else dict(head.fields).get("origin", "")
        self._clock = StreamClock(worker.times, self._take_too_long)
        self._clock.requested = head.ends
        self._upstream = self._next_upstream()

    def _next_upstream(self) -> UpstreamSide:
        return UpstreamSide(self._worker, self, self._route, self._request, self._clock)

    @property
    def state(self) -> str:
        """In one word, for people."""
        if self.access.status:
            return "tunnel" if self._tunnel else "streaming"
        return "waiting" if self._requested else "request"

    def begin(self) -> None:
        self.stream.request_headers(self._request.fields, self._request.ends)
        self._after()

    # The client.

    def on_body(self, data: bytes) -> None:
        self._clock.move()
        self.access.received += len(data)
        if self.access.models is not None:
            self.access.models.asks(data)
        if not self._over:
            self.stream.request_body(data, end_of_stream=False)
            self._after()

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        self.access.received += len(rest)
        if self.access.models is not None:
            self.access.models.asks(rest)
        if self._over or self._request.ends:
            return
        self._clock.move()
        self._clock.requested = True
        if trailers and self._worker.trailers:
            if rest:
                self.stream.request_body(rest, end_of_stream=False)
            self.stream.request_trailers(trailers)
        else:
            self.stream.request_body(rest, end_of_stream=True)
        self._after()

    def on_client_gone(self) -> None:
        self._end()
        self._worker.settle()

    def on_client_slow(self) -> None:
        self._client_slow = True
        self.apply_pressure()

    def on_client_ready(self) -> None:
        self._client_slow = False
        self.apply_pressure()

    def on_tunnel_data(self, data: bytes) -> None:
        self._clock.move()
        self.access.received += len(data)
        if (connection := self._upstream.connection) is not None:
            connection.send_tunnel_data(data)

    # The upstream, by way of `UpstreamSide`.

    @property
    def wants_response(self) -> bool:
        return not self._over and not self._answered

    def response_arrives(self, give: Callable[..., None], *arguments: Any) -> None:
        self._clock.move()
        if not self._over and not self._answered:
            give(*arguments)
            self._after()

    def response_begins(self, head: ResponseHead) -> None:
        self._responding = self._clock.responded = True
        self._got = head.fields
        self._tunnel = bool(head.upgrade) and not self._answered
        self.response_arrives(self.stream.response_headers, head.fields, head.ends)

    def response_fails(self, failure: Failure, details: str) -> None:
        if self._responding:
            self._fail(STATUS[failure], f"{failure.value}: {details}")
        else:
            self._worker.log(f"{failure.value}: {details}")
            self.answer(STATUS[failure], failure.value, DETAILS[failure])

    def tunnel_data(self, data: bytes) -> None:
        self._clock.move()
        self.access.sends(data, self._clock.moved)
        self._client.send_tunnel_data(data)

    def tunnel_closed(self) -> None:
        self._client.close_tunnel()
        self.access.ended = "complete"
        self._end()
        self._worker.settle()

    # What leaves the stream.

    def move(self) -> None:
        """Send what the stream has to send."""
        upstream = self._upstream
        for event in with_lengths(self.stream.take()):
            if self._upstream is not upstream:
                break  # because of an event before this one, another request has been sent
            match event:
                case RequestHeaders() | RequestBody() | RequestTrailers():
                    self._send_request(event)
                case ResponseHeaders(fields, ends):
                    self._send_head(fields, ends)
                case ResponseBody(data, ends):
                    self.access.sends(data, self._clock.moved)
                    self._client.send_body(data)
                    if ends:
                        self._client.send_end()
                case StartOver():
                    upstream = self._start_over()
                case _:
                    self._send_rare(event)
        if self._over:
            return
        if self.stream.response_done and not self._tunnel:
            self.access.ended = "complete"
            self._end()
        else:
            self.apply_pressure()

    def _send_rare(self, event: Event) -> None:
        match event:
            case InformationalResponse(fields):
                self._client.send_informational(fields)
            case ResponseTrailers(fields):
                self._client.send_end(fields)
            case CloseUpstream():
                self._answered = True
                self._upstream.leave()
            case Reset(reason):
                self._break_off(reason)

    def _send_request(self, event: RequestHeaders | RequestBody | RequestTrailers) -> None:
        if not self._answered:
            if not self._requested:
                self._requested = True
                self._clock.limit_first_byte(self.stream.first_byte_ms)
            if self.access.models is not None and isinstance(event, RequestBody):
                self.access.models.sends(event.data)
            self._upstream.send(event)

    def _start_over(self) -> UpstreamSide:
        """A plugin sends another request: nothing of the response has gone to the client."""
        self._upstream.leave()
        self.access.gives_up(int(dict(self._got).get(":status", "0")))
        self._got = []
        if not self._over and (expired := self._clock.total_expired()):
            self._answered = True
            self._answer_directly(*message(expired.status, expired.message))
        else:
            self._requested = self._responding = self._answered = self._tunnel = False
            self._clock.start_over()
            self._upstream = self._next_upstream()
        return self._upstream

    def _send_head(self, fields: Fields, ends: bool) -> None:
        self.access.answers(fields[0][1], dict(fields).get("content-type", ""))
        if self._tunnel and fields[0][1] == "101":
            self._client.switch_protocols(self._for_pages(fields), self._request.upgrade)
        else:
            self._tunnel = False
            self._client.send_head(self._for_pages(fields), ends=ends)

    def _for_pages(self, fields: Fields) -> Fields:
        return fields if self._cors is None else self._cors.response(fields, self._origin)

    # The end.

    def answer(self, status: int, text: str, details: str) -> None:
        """The gateway's own response: plugins see it as any other, with its `response.code_details`."""
        self._answered = True
        self._clock.move()
        self._upstream.leave()
        fields, body = message(status, text)
        self._got = fields
        if self._requested:
            self.stream.respond(fields, body, details)
            self._after()
            return
        # Plugins see no response to a request that has not passed all of them.
        self._answer_directly(fields, body)

    def _answer_directly(self, fields: Fields, body: bytes) -> None:
        self._send_head(fields, False)
        self.access.sends(body, self._clock.moved)
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
        self._answer_directly(*message(status, reason))

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
        self._upstream.leave()
        self.stream.close()
        self.stream.take()
        self._worker.ended(self.stream, self.access)

    def _after(self) -> None:
        self.move()
        self._worker.settle()

    def apply_pressure(self) -> None:
        """Whoever sends waits as long as what was sent before does not go on.

        The end of a connection is only seen where something is read. So a side that has sent all is read on, and one
        that a plugin has paused as long as a little can be kept.
        """
        upstream, stream = self._upstream, self.stream
        if self._clock.requested and not self._tunnel:
            held_back = False
        elif stream.request_paused:
            held_back = not stream.has_room(READ_SIZE, _MOST_KEPT, response=False)
        else:
            held_back = upstream.slow or (upstream.waits_for_connection and not self._answered)
        self._client.hold_back(held_back)
        if upstream.connection is not None:
            held_back = self._client_slow or (
                stream.response_paused and not stream.has_room(READ_SIZE, _MOST_KEPT, response=True)
            )
            upstream.connection.set_reading(not held_back)

    def _take_too_long(self, expired: Expired) -> None:
        if self._responding or self._tunnel or self._answered:
            self._fail(expired.status, expired.message)
        else:
            self._worker.log(expired.message)
            self.answer(*expired)
