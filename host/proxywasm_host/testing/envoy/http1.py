"""Both ends of HTTP/1.1, for a test: header fields with pseudo-headers, as plugins see them, and bodies in chunks.

The test and Envoy speak HTTP/1.1, not HTTP/2, because each stream then is a connection that either side can close at
any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import h11

from proxywasm.text import to_bytes, to_text
from proxywasm.wire import Fields

from ..traffic import PeerError
from .hub import Wire

_OF_HTTP1 = {"connection", "transfer-encoding", "keep-alive"}
_LARGEST_HEAD = 1 << 20


class Reader(Protocol):
    """Receives what the other side sends."""

    def headers(self, fields: Fields) -> None: ...

    def body(self, data: bytes) -> None: ...

    def end(self, trailers: Fields) -> None: ...

    def broken(self) -> None:
        """The connection has ended before the message or the exchange."""


class _Side:
    """One end of a connection that serves one exchange.

    It reads strictly: raises `PeerError` for what is no HTTP/1.1, or is behind the end of the message.
    """

    _cannot_read: str

    def __init__(self, wire: Wire, role: type[h11.CLIENT] | type[h11.SERVER], reader: Reader) -> None:
        self.wire = wire
        self._http = h11.Connection(role, max_incomplete_event_size=_LARGEST_HEAD)
        self._reader = reader
        self._chunked = False
        self._chunk = bytearray()
        self._over = False
        wire.receiver = self

    def received(self, data: bytes) -> None:
        if self._over:
            return
        try:
            self._http.receive_data(data)
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                    break
                self._tell(event)
        except h11.RemoteProtocolError as error:
            self.close()
            if data:
                raise PeerError(f"{self._cannot_read}: {error}: {data[:200]!r}") from error
            # The message has no end, as when the gateway resets a stream in the middle.
            self._reader.broken()
            return
        # A connection serves one exchange.
        if rest := self._http.trailing_data[0]:
            self.close()
            raise PeerError(
                f"{self._cannot_read}: behind its end, where the next message begins, there is {rest[:200]!r}"
            )
        if not data:
            self.close()
            self._reader.broken()

    def send_body(self, data: bytes, end_of_stream: bool) -> None:
        if not self.wire.open:
            return
        if data:
            self.wire.send(self._http.send(h11.Data(data=data)))
        if end_of_stream:
            self.send_end()

    def send_end(self, trailers: Iterable[tuple[str, str]] = ()) -> None:
        if self.wire.open:
            self.wire.send(self._http.send(h11.EndOfMessage(headers=_bytes(trailers))))

    def close(self) -> None:
        self._over = True
        self.wire.close()

    def _tell(self, event: h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]) -> None:
        match event:
            case h11.Request():
                self._headers([(":method", event.method.decode()), (":path", _text(event.target))], event.headers)
            case h11.Response():
                self._headers([(":status", str(event.status_code))], event.headers)
            case h11.Data():
                self._chunk += event.data
                if event.chunk_end or not self._chunked:
                    self._reader.body(bytes(self._chunk))
                    self._chunk.clear()
            case h11.InformationalResponse():
                self._inform([(":status", str(event.status_code)), *_texts(event.headers)])
            case h11.EndOfMessage():
                self._reader.end(_texts(event.headers))

    def _inform(self, fields: Fields) -> None:
        raise AssertionError(f"a request does not begin with {fields}")

    def _headers(self, pseudo: Fields, headers: Iterable[tuple[bytes, bytes]]) -> None:
        fields = _texts(headers)
        self._chunked = any(name == "transfer-encoding" for name, _ in fields)
        pseudo += [(":authority", value) for name, value in fields if name == "host"]
        self._reader.headers(pseudo + [pair for pair in fields if pair[0] not in _OF_HTTP1 and pair[0] != "host"])


class ResponseReader(Reader, Protocol):
    def informational(self, fields: Fields) -> None: ...


class Client(_Side):
    _cannot_read = "a client could not read this response"

    def __init__(self, wire: Wire, reader: ResponseReader) -> None:
        super().__init__(wire, h11.CLIENT, reader)
        self._inform = reader.informational  # type: ignore[method-assign]  # a server is sent none

    def request(self, fields: Fields, end_of_stream: bool) -> None:
        pseudo = dict(fields)
        headers = [("host", pseudo[":authority"]), *_plain(fields)]
        if not end_of_stream:
            headers += _length_unknown(fields)
        message = h11.Request(method=pseudo[":method"], target=to_bytes(pseudo[":path"]), headers=_bytes(headers))
        self.wire.send(self._http.send(message))
        if end_of_stream:
            self.send_body(b"", end_of_stream=True)


class Server(_Side):
    _cannot_read = "an upstream could not read this request"

    def __init__(self, wire: Wire, reader: Callable[[Server], Reader]) -> None:
        super().__init__(wire, h11.SERVER, reader(self))

    def inform(self, fields: Fields) -> None:
        """An informational response goes ahead of the final one."""
        if self.wire.open:
            status = int(dict(fields)[":status"])
            self.wire.send(
                self._http.send(h11.InformationalResponse(status_code=status, headers=_bytes(_plain(fields))))
            )

    def respond(self, fields: Fields, end_of_stream: bool) -> None:
        if not self.wire.open:
            return
        message = h11.Response(status_code=int(dict(fields)[":status"]), headers=_bytes(_plain(fields)))
        self.wire.send(self._http.send(message))
        if end_of_stream:
            self.send_body(b"", end_of_stream=True)


def _plain(fields: Fields) -> Fields:
    return [pair for pair in fields if not pair[0].startswith(":")]


def _length_unknown(fields: Fields) -> Fields:
    known = any(name in ("content-length", "transfer-encoding") for name, _ in fields)
    return [] if known else [("transfer-encoding", "chunked")]


def _bytes(fields: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), to_bytes(value)) for name, value in fields]


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    return [(name.decode(), _text(value)) for name, value in headers]


def _text(data: bytes | bytearray) -> str:
    return to_text(bytes(data))
