"""`TestStream`: one HTTP stream through a plugin, driven by a test that plays client and upstream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from proxywasm.headers import HeaderValues, to_fields
from proxywasm.text import encode
from proxywasm.wire import Fields, LocalReply

from ..recordings.exchange import Message
from ..services import LogRecord
from ..stream import (
    CloseUpstream,
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
from .gateways import GatewayServices, GatewayStream
from .messages import Body, request, response
from .peers import ReadMessage
from .traffic import CallOut, PeerError, ScenarioError, Sent

# What `PeerError` says of messages that go out, and `ScenarioError` of those that a test gives.
_BAD_REQUEST: Final = "an upstream could not read this request of the plugin"
_BAD_RESPONSE: Final = "a client could not read this response of the plugin"
_GIVEN_REQUEST: Final = "a client cannot send this request"
BROKEN_OFF: Final = "upstream_reset_after_response_started{connection_termination}"
_GIVEN_RESPONSE: Final = "an upstream cannot send this response"


class Owner(Protocol):
    """What a stream needs of the `TestHost` that opened it."""

    services: GatewayServices

    @property
    def logs(self) -> Sequence[LogRecord]: ...

    @property
    def pending(self) -> Sequence[CallOut]: ...

    def settle(self) -> None: ...

    def forget(self, sender: GatewayStream) -> None: ...


class TestStream:
    """One HTTP stream: give it what arrives, and look at what it sends.

    A whole message at a time: `host.request(...)` opens the stream, `respond` answers it, `finish` ends it. Piece by
    piece: `host.open()`, then `request_headers`, `request_body`, `request_trailers`, `informational_response`,
    `response_headers`, `response_body`, `response_trailers`, `break_off`.

    Attributes:
        upstream: what the upstream has got; of several requests (`ctx.send_again`) the last one.
        given_up: what upstreams have got before, of the requests in place of which the plugin has sent others.
        downstream: what the client has got.
        reset: why the connection was broken after the response headers had gone out; None: it was not.
        upstream_closed: the upstream's part was cut short, because the plugin answered itself.
        finished: the stream is over, and the plugin has been told.
    """

    __test__ = False  # for pytest: this is no class of tests

    def __init__(self, host: Owner, stream: GatewayStream) -> None:
        self.upstream = self._nothing_sent()
        self.given_up: list[Sent] = []
        self.downstream = Sent(lambda: f"nothing has gone to the client: {self._why(request=False)}")
        self.reset: str | None = None
        self.upstream_closed = False
        self.finished = False
        self._host = host
        self._stream = stream
        self._request_arrived = self._response_arrived = False
        self._given_request, self._given_response = ReadMessage(), ReadMessage()
        self._at_upstream, self._at_client = ReadMessage(), ReadMessage()

    @property
    def id(self) -> int:
        """The number of its context, as in the log."""
        return self._stream.id

    # Whole messages.

    def request(self, message: Message) -> None:
        """The client's request arrives, chunk by chunk."""
        __tracebackhide__ = True
        self._feed(message, self._give_request_headers, self.request_body)

    def respond(
        self, answer: int | Message = 200, headers: HeaderValues = (), body: Body = None, *, json: Any = None
    ) -> Sent:
        """The upstream's response arrives: a status with what goes with it, or a whole message. Returns `downstream`.

        If the plugin breaks the response off, or sends another request, the rest of it does not arrive.
        """
        __tracebackhide__ = True
        message = answer if isinstance(answer, Message) else response(answer, headers, body, json=json)
        self._feed(message, self._give_response_headers, self.response_body)
        return self.downstream

    def finish(self) -> None:
        """The stream is over: answered, or given up by client or upstream. The plugin's `on_stream_done` runs."""
        __tracebackhide__ = True
        if self.finished:
            return
        self._stream.close()
        self.finished = True
        self._host.forget(self._stream)
        self._host.settle()

    # Piece by piece.

    def request_headers(
        self,
        method: str = "GET",
        path: str = "/",
        headers: HeaderValues = (),
        *,
        host: str = "example.com",
        end_of_stream: bool = False,
    ) -> None:
        __tracebackhide__ = True
        self._give_request_headers(request(method, path, headers, host=host).headers, end_of_stream)

    def request_body(self, data: bytes | str, end_of_stream: bool = False) -> bytes:
        """A chunk of the request arrives. Returns what goes upstream because of it."""
        __tracebackhide__ = True
        count = len(self.upstream.chunks)
        data = encode(data) if isinstance(data, str) else data
        _insist(self._given_request.body(data, end_of_stream), _GIVEN_REQUEST)
        self._stream.request_body(data, end_of_stream)
        self._host.settle()
        return b"".join(self.upstream.chunks[count:])

    def request_trailers(self, trailers: HeaderValues) -> None:
        """The request ends with these after its body."""
        __tracebackhide__ = True
        fields = to_fields(trailers)
        _insist(self._given_request.trailers(fields), _GIVEN_REQUEST)
        self._stream.request_trailers(fields)
        self._host.settle()

    def informational_response(self, status: int, headers: HeaderValues = ()) -> None:
        """The upstream sends an informational response: 100 (continue), 102 (processing), 103 (early hints)."""
        __tracebackhide__ = True
        self._upstream_has_seen_it()
        fields = [(":status", str(status)), *to_fields(headers)]
        _insist(self._given_response.informational(fields), _GIVEN_RESPONSE)
        self._stream.informational_response(fields)
        self._host.settle()

    def response_headers(self, status: int = 200, headers: HeaderValues = (), *, end_of_stream: bool = False) -> None:
        __tracebackhide__ = True
        self._give_response_headers([(":status", str(status)), *to_fields(headers)], end_of_stream)

    def response_body(self, data: bytes | str, end_of_stream: bool = False) -> bytes:
        """A chunk of the response arrives. Returns what goes to the client because of it."""
        __tracebackhide__ = True
        count = len(self.downstream.chunks)
        data = encode(data) if isinstance(data, str) else data
        _insist(self._given_response.body(data, end_of_stream), _GIVEN_RESPONSE)
        self._stream.response_body(data, end_of_stream)
        self._host.settle()
        return b"".join(self.downstream.chunks[count:])

    def response_trailers(self, trailers: HeaderValues) -> None:
        """The response ends with these after its body."""
        __tracebackhide__ = True
        fields = to_fields(trailers)
        _insist(self._given_response.trailers(fields), _GIVEN_RESPONSE)
        self._stream.response_trailers(fields)
        self._host.settle()

    def break_off(self, details: str = BROKEN_OFF) -> Sent:
        """The upstream breaks its response off after what has arrived. `details` is then `response.code_details`.

        If no plugin does anything about it, the client gets a 503, or a broken response. Returns `downstream`.
        """
        __tracebackhide__ = True
        if not self._response_arrived:
            raise ScenarioError(f"there is no response that could break off: {self._why(request=False)}")
        self._stream.response_broken(LocalReply(503, [], b"the upstream has broken off its response\n", details))
        self._host.settle()
        return self.downstream

    # The result.

    @property
    def reply(self) -> LocalReply | None:
        """The answer that the plugin made itself, if it did."""
        return self._stream.local_reply

    @property
    def request_paused(self) -> bool:
        """The request waits for the plugin to resume it."""
        return self._stream.request_paused

    @property
    def response_paused(self) -> bool:
        """The response waits for the plugin to resume it."""
        return self._stream.response_paused

    @property
    def paused(self) -> bool:
        return self.request_paused or self.response_paused

    def get_property(self, *path: str) -> bytes | None:
        """A property of the stream, also after its end: `get_property("route_name")`."""
        return self._host.services.property_of(self.id, path)

    @property
    def logs(self) -> list[LogRecord]:
        """What was logged while this stream's callbacks ran."""
        return [record for record in self._host.logs if record.context == self.id]

    def __repr__(self) -> str:
        return f"<stream {self.id}: upstream {self.upstream}, downstream {self.downstream}>"

    # Inside.

    def _feed(
        self, message: Message, headers: Callable[[Fields, bool], None], body: Callable[[bytes, bool], bytes]
    ) -> None:
        __tracebackhide__ = True
        upstream = self.upstream
        headers(message.headers, not message.body)
        for index, chunk in enumerate(message.body):
            if self.reset is not None or self.finished or self.upstream is not upstream:
                return
            body(chunk, index == len(message.body) - 1)

    def _give_request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        __tracebackhide__ = True
        _insist(self._given_request.headers(fields, end_of_stream), _GIVEN_REQUEST)
        self._at_client.method = self._given_request.method
        self._request_arrived = True
        self._stream.request_headers(fields, end_of_stream)
        self._host.settle()

    def _give_response_headers(self, fields: Fields, end_of_stream: bool) -> None:
        __tracebackhide__ = True
        self._upstream_has_seen_it()
        self._given_response.method = self._at_upstream.method
        _insist(self._given_response.headers(fields, end_of_stream), _GIVEN_RESPONSE)
        self._response_arrived = True
        self._stream.response_headers(fields, end_of_stream)
        self._host.settle()

    def _upstream_has_seen_it(self) -> None:
        __tracebackhide__ = True
        if not self.upstream:
            raise ScenarioError(f"the upstream cannot respond, it has seen nothing: {self._why(request=True)}")

    def see(self) -> None:
        """Used by the host: collect what the stream sends. Raises `PeerError` if a real peer could not read it."""
        __tracebackhide__ = True
        for event in self._stream.take():
            match event:
                case RequestHeaders(fields, end):
                    self.upstream.fields, self.upstream.ended = fields, end
                    _insist(self._at_upstream.headers(fields, end), _BAD_REQUEST, PeerError)
                case RequestBody(data, end):
                    self.upstream.chunks.append(data)
                    self.upstream.ended = end
                    _insist(self._at_upstream.body(data, end), _BAD_REQUEST, PeerError)
                case RequestTrailers(fields):
                    self.upstream.end_with(fields)
                    _insist(self._at_upstream.trailers(fields), _BAD_REQUEST, PeerError)
                case InformationalResponse(fields):
                    self.downstream.informational.append(fields)
                    _insist(self._at_client.informational(fields), _BAD_RESPONSE, PeerError)
                case ResponseHeaders(fields, end):
                    self.downstream.fields, self.downstream.ended = fields, end
                    _insist(self._at_client.headers(fields, end), _BAD_RESPONSE, PeerError)
                case ResponseBody(data, end):
                    self.downstream.chunks.append(data)
                    self.downstream.ended = end
                    _insist(self._at_client.body(data, end), _BAD_RESPONSE, PeerError)
                case ResponseTrailers(fields):
                    self.downstream.end_with(fields)
                    _insist(self._at_client.trailers(fields), _BAD_RESPONSE, PeerError)
                case Reset(reason):
                    self.reset = reason
                case CloseUpstream():
                    self.upstream_closed = True
                case StartOver():
                    self._start_over()

    def _start_over(self) -> None:
        """The plugin sends another request; what answers it is another response."""
        self.given_up.append(self.upstream)
        self.upstream = self._nothing_sent()
        self.upstream_closed = self._response_arrived = False
        self._given_response, self._at_upstream = ReadMessage(), ReadMessage()

    def _nothing_sent(self) -> Sent:
        return Sent(lambda: f"nothing has gone upstream: {self._why(request=True)}")

    def _why(self, *, request: bool) -> str:
        """Why a direction has sent nothing, for messages."""
        reply = self.reply
        if request and reply is not None:
            return f"the plugin has answered itself with {reply.status} ({reply.details or 'no details'})"
        if not (self._request_arrived if request else self._response_arrived):
            return "no request headers have arrived" if request else "no response has arrived"
        if self.request_paused if request else self.response_paused:
            waiting = [str(call) for call in self._host.pending if call.context in (self.id, 0)]
            return f"the plugin has paused it, {'waiting for ' + ', '.join(waiting) if waiting else 'calling nobody'}"
        return "the headers wait for the body (Action.STOP_ITERATION), of which too little has arrived"


def _insist(wrong: str, says: str, error: type[AssertionError] = ScenarioError) -> None:
    __tracebackhide__ = True
    if wrong:
        raise error(f"{says}: {wrong}")
