"""The two ends of a stream through Envoy: the client, and the upstream once the request has arrived there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proxywasm.wire import Fields, LocalReply

from ...stream import (
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
from ..gateways import unsupported
from .configuration import REPLY, STREAM
from .http1 import Client, Server
from .hub import Wire

_BY_PLUGIN: Final = "- "
"""How `REPLY` begins when Envoy itself has no reason for the reply."""
_VIA_UPSTREAM: Final = "via_upstream"
_BY_ENVOY: Final = {STREAM, REPLY, "date", "x-forwarded-proto"}
"""Headers that Envoy or the kit adds, not the test or the plugin."""


class EnvoyStream:
    """A stream as a test sees it. `number` tells it from all others of the run, `id` is its context in the VM."""

    def __init__(
        self, number: int, next_id: Callable[[], int], connect: Callable[[], Wire], settle: Callable[[], None]
    ):
        self.number = number
        self.id = 0
        self.upstream: Server | None = None
        self.request = _Request(self)
        self.events: list[Event] = []
        self._response = _Response(self)
        self._next_id, self._connect, self._settle = next_id, connect, settle
        self._client: Client | None = None
        self._request_ended = self._response_ended = False
        self.closed = False

    # What arrives.

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        self.id = self._next_id()
        self._request_ended = end_of_stream
        self._client = Client(self._connect(), self._response)
        self._client.request([*fields, (STREAM, str(self.number))], end_of_stream)
        self._settle()

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        assert self._client is not None
        self._request_ended = end_of_stream
        self._client.send_body(data, end_of_stream)
        self._settle()

    def request_trailers(self, fields: Fields) -> None:
        assert self._client is not None
        self._request_ended = True
        self._client.send_end(fields)
        self._settle()

    def informational_response(self, fields: Fields) -> None:
        assert self.upstream is not None
        self.upstream.inform(fields)
        self._settle()

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = _VIA_UPSTREAM) -> None:
        assert self.upstream is not None
        if details != _VIA_UPSTREAM:
            unsupported("properties")
        self._response_ended = end_of_stream
        self._response.began = True
        self.upstream.respond(fields, end_of_stream)
        self._settle()

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        assert self.upstream is not None
        self._response_ended = end_of_stream
        self.upstream.send_body(data, end_of_stream)
        self._settle()

    def response_trailers(self, fields: Fields) -> None:
        assert self.upstream is not None
        self._response_ended = True
        self.upstream.send_end(fields)
        self._settle()

    def response_broken(self, reply: LocalReply) -> None:  # noqa: ARG002
        unsupported("break_off")

    def close(self) -> None:
        """The client closes its connection; without effect if the stream was over."""
        self.closed = True
        if self._client is not None:
            self._client.close()
        self._settle()

    # The result.

    def take(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    @property
    def answered(self) -> bool:
        """The upstream has given its whole response."""
        return self._response_ended

    @property
    def local_reply(self) -> LocalReply | None:
        """The reply as the client got it, with the changes of the plugin's response phases."""
        return self._response.local_reply()

    @property
    def request_paused(self) -> bool:
        """Whether the request that arrived has not been sent on, as seen from outside."""
        if self._client is None or self._response.sent:
            return False
        return not (self.request.ended if self._request_ended else self.request.sent)

    @property
    def response_paused(self) -> bool:
        if not self._response.began or self._response.reset:
            return False
        return not (self._response.ended if self._response_ended else self._response.sent)


class _Half:
    """The messages that are sent in one direction."""

    _headers: type[RequestHeaders | ResponseHeaders]
    _body: type[RequestBody | ResponseBody]
    _trailers: type[RequestTrailers | ResponseTrailers]

    def __init__(self, stream: EnvoyStream) -> None:
        self.sent = self.ended = False
        self._stream = stream

    def headers(self, fields: Fields) -> None:
        self.sent = True
        self._stream.events.append(self._headers([pair for pair in fields if pair[0] not in _BY_ENVOY], False))

    def body(self, data: bytes) -> None:
        self._stream.events.append(self._body(data, False))

    def end(self, trailers: Fields) -> None:
        """HTTP/1.1 reports the end after the last bytes. If both arrive together, these bytes are the end."""
        self.ended = True
        events = self._stream.events
        if trailers:
            events.append(self._trailers(trailers))
            return
        for index, event in reversed(list(enumerate(events))):
            if isinstance(event, self._headers):
                events[index] = self._headers(event.fields, True)
                return
            if isinstance(event, self._body):
                events[index] = self._body(event.data, True)
                return
        events.append(self._body(b"", True))


class _Request(_Half):
    _headers, _body, _trailers = RequestHeaders, RequestBody, RequestTrailers

    def broken(self) -> None:
        if not self._stream.answered:
            self._stream.events.append(CloseUpstream())


class _Response(_Half):
    _headers, _body, _trailers = ResponseHeaders, ResponseBody, ResponseTrailers

    def __init__(self, stream: EnvoyStream) -> None:
        super().__init__(stream)
        self.began = self.reset = False
        self._fields: Fields = []
        self._data = bytearray()

    def informational(self, fields: Fields) -> None:
        self._stream.events.append(InformationalResponse(fields))

    def headers(self, fields: Fields) -> None:
        self._fields = fields
        super().headers(fields)

    def body(self, data: bytes) -> None:
        self._data += data
        super().body(data)

    def broken(self) -> None:
        if not self.ended:
            self.reset = True
            self._stream.events.append(Reset("the gateway has closed the connection"))

    def local_reply(self) -> LocalReply | None:
        details = dict(self._fields).get(REPLY, "")
        if not f"{details} ".startswith(_BY_PLUGIN):  # without details nothing follows, and HTTP takes the space away
            return None
        headers = [pair for pair in self._fields if pair[0] not in _BY_ENVOY and not pair[0].startswith(":")]
        status = int(dict(self._fields)[":status"])
        return LocalReply(status, headers, bytes(self._data), details[len(_BY_PLUGIN) :])
