"""Both ends of HTTP/2 without TLS, read strictly: a client for one request, and an upstream that tells what it got."""

from __future__ import annotations

import socket
import socketserver
from collections.abc import Sequence
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError

from proxywasm.wire import Fields

from .arrived import MalformedError, Message
from .upstream import StrictServer

TIMEOUT: Final = 60.0


class _Peer:
    """One end of a connection. Raises `ProtocolError` for what is no HTTP/2."""

    def __init__(self, connection: socket.socket, *, client: bool) -> None:
        self._socket = connection
        self._http = H2Connection(H2Configuration(client_side=client, header_encoding="latin-1"))
        self._http.initiate_connection()
        self._flush()

    def events(self) -> list[Event]:
        """The next ones that arrive; none: the connection has ended."""
        while data := self._socket.recv(1 << 16):
            events = self._http.receive_data(data)
            for event in events:
                if isinstance(event, DataReceived) and event.flow_controlled_length:
                    self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self._flush()
            if events:
                return events
        return []

    def send(self, stream: int, headers: Fields, chunks: Sequence[bytes], trailers: Fields) -> None:
        """A whole message; each chunk is a frame."""
        self._http.send_headers(stream, headers, end_stream=not chunks and not trailers)
        for number, chunk in enumerate(chunks, 1):
            self._http.send_data(stream, chunk, end_stream=number == len(chunks) and not trailers)
        if trailers:
            self._http.send_headers(stream, trailers, end_stream=True)
        self._flush()

    def _flush(self) -> None:
        self._socket.sendall(self._http.data_to_send())


def exchange(port: int, path: str, headers: Fields, chunks: Sequence[bytes], trailers: Fields) -> Message:
    """Post a body; the response. Raises `MalformedError` and `ProtocolError`."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        peer = _Peer(connection, client=True)
        pseudo = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", path)]
        peer.send(1, [*pseudo, *headers], chunks, trailers)
        answer = Message()
        while events := peer.events():
            for event in events:
                match event:
                    case ResponseReceived():
                        answer.headers = _pairs(event.headers)
                    case DataReceived():
                        answer.body += event.data
                    case TrailersReceived():
                        answer.trailers = _pairs(event.headers)
                    case StreamEnded():
                        answer.end()
                        return answer
                    case StreamReset() | ConnectionTerminated():
                        return answer
        return answer


def _pairs(headers: object) -> Fields:
    assert isinstance(headers, list)
    return [(str(name), str(value)) for name, value in headers]


class _Connection(socketserver.BaseRequestHandler):
    server: Http2Upstream

    def handle(self) -> None:
        self.server.connections += 1
        self._requests: dict[int, Message] = {}
        try:
            self._peer = _Peer(self.request, client=False)
            while events := self._peer.events():
                for event in events:
                    self._take(event)
        except (ProtocolError, MalformedError) as error:
            self.server.unreadable.append(f"{error}: {self._requests}")
        except ConnectionError:
            pass  # Envoy has given up.

    def _take(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._requests[event.stream_id] = Message(_pairs(event.headers))
            case DataReceived():
                self._requests[event.stream_id].body += event.data
            case TrailersReceived():
                self._requests[event.stream_id].trailers = _pairs(event.headers)
            case StreamEnded():
                request = self._requests.pop(event.stream_id)
                request.end()
                self.server.complete.append(request)
                headers, chunks, trailers = request.answer()
                self._peer.send(event.stream_id, [(":status", "200"), *headers], chunks, trailers)


class Http2Upstream(StrictServer):
    """Answers with what it was sent, see `Message.answer`."""

    def __init__(self) -> None:
        super().__init__(_Connection)
        self.complete: list[Message] = []
        """The requests that have come to their end."""
