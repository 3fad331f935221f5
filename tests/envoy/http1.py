"""What `http2` has, in HTTP/1.1: a client for one request, and an upstream that tells what it got, both strict."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

import h11

from proxywasm.wire import Fields

from .arrived import MalformedError, Message
from .upstream import Handler, StrictServer, as_bytes, at_once

TIMEOUT: Final = 60.0


def exchange(port: int, path: str, headers: Fields, chunks: Sequence[bytes], trailers: Fields) -> Message:
    """Post a body; the response. Raises `MalformedError` and `h11.RemoteProtocolError`."""
    framing = [] if dict(headers).get("content-length") else [("transfer-encoding", "chunked")]
    http = h11.Connection(h11.CLIENT)
    request = h11.Request(method="POST", target=path, headers=as_bytes([("host", "a"), *headers, *framing]))
    events = [request, *(h11.Data(data=chunk) for chunk in chunks), h11.EndOfMessage(headers=as_bytes(trailers))]
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        for event in events:
            connection.sendall(http.send(event) or b"")
        return _response(http, connection)


def _response(http: h11.Connection, connection: socket.socket) -> Message:
    answer = Message()
    ended = False
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError:
            if ended:
                return answer  # Broken off: the connection has ended, and the message has not.
            raise
        if event is h11.NEED_DATA:
            data = connection.recv(1 << 16)
            ended = not data
            http.receive_data(data)
        elif isinstance(event, h11.Response):
            answer.headers = [(":status", str(event.status_code)), *_pairs(event.headers)]
        elif isinstance(event, h11.Data):
            answer.body += event.data
        elif isinstance(event, h11.EndOfMessage):
            answer.trailers = _pairs(event.headers)
            answer.end()
            if rest := http.trailing_data[0]:
                raise MalformedError(f"behind the end of the response there is {rest!r}")
            return answer
        else:
            return answer


def _pairs(headers: object) -> Fields:
    return [(name.decode(), value.decode()) for name, value in headers]  # type: ignore[attr-defined]


class _Teller(Handler):
    server: Http1Upstream

    def respond(self) -> None:
        request = Message(self.headers)
        while isinstance(event := self.next_event(), h11.Data):
            request.body += event.data
        assert isinstance(event, h11.EndOfMessage)
        request.trailers = _pairs(event.headers)
        request.end()
        self.server.complete.append(request)
        headers, chunks, trailers = request.answer()
        self.answer(200, headers, chunks, trailers, at_once)


class Http1Upstream(StrictServer):
    """Answers with what it was sent, see `Message.answer`."""

    def __init__(self) -> None:
        super().__init__(_Teller)
        self.complete: list[Message] = []
        """The requests that have come to their end."""
