"""A connection to a server: requests out, responses in, one exchange after the other."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Protocol

from proxywasm.wire import Fields

from .messages import MessageError, ResponseHead
from .responses import ResponseReader
from .sockets import Socket
from .writing import CHUNKED, chunk, last_chunk, request_head

LARGEST_HEAD = 256 * 1024
"""Bytes of a response's head, and of its trailers."""


class Failure(enum.Enum):
    """Why there is no whole response."""

    CLOSED = "the upstream has closed the connection before its response"
    CUT = "the upstream has closed the connection before the end of its response"
    MALFORMED = "the upstream's response is malformed"


class ResponseExchange(Protocol):
    """Who gets the response. Its methods must not raise."""

    def on_informational(self, fields: Fields, /) -> None: ...

    def on_head(self, head: ResponseHead, /) -> None: ...

    def on_body(self, data: bytes, /) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields, /) -> None:
        """The response is complete, with `rest` as the end of its body; the connection is no longer this exchange's."""

    def on_failure(self, failure: Failure, details: str, /) -> None:
        """There is no whole response. No other method is called after it, nor after `on_end`."""

    def on_upstream_slow(self) -> None:
        """The server does not read: send no more until `on_upstream_ready`."""

    def on_upstream_ready(self) -> None: ...

    def on_upstream_data(self, data: bytes, /) -> None:
        """After a head with an upgrade: bytes of the other protocol."""

    def on_upstream_closed(self) -> None:
        """The tunnel is over."""


class UpstreamConnection(Socket):
    """`idle` is called when it can take the next exchange, `closed` when it is gone."""

    def __init__(
        self,
        *,
        write_buffer: int = 256 * 1024,
        idle: Callable[[UpstreamConnection], None],
        closed: Callable[[UpstreamConnection], None],
    ) -> None:
        super().__init__(write_buffer=write_buffer)
        self.exchanges = 0
        """How many it has had."""
        self._idle = idle
        self._closed = closed
        self._exchange: ResponseExchange | None = None
        self._reader = ResponseReader(self, largest_head=LARGEST_HEAD)
        self._chunked = self._sent_all = self._tunnel = False
        self._began = False  # a byte of the response has come
        self._complete = False

    # For whoever sends a request.

    def open(self, exchange: ResponseExchange, fields: Fields, *, ends: bool, upgrade: str = "") -> None:
        """Begin an exchange. `fields` with the pseudo-headers of a request, and `content-length` if it is known.

        Raises `ValueError` for fields that cannot be sent.
        """
        extra: Fields = []
        values = dict(fields)
        if upgrade:
            extra += [("connection", "upgrade"), ("upgrade", upgrade)]
        elif not ends and "content-length" not in values:
            extra.append(CHUNKED)
        elif ends and "content-length" not in values and values[":method"] not in ("GET", "HEAD", "OPTIONS", "DELETE"):
            extra.append(("content-length", "0"))
        head = request_head(fields, extra)
        self.exchanges += 1
        self._exchange = exchange
        self._chunked = CHUNKED in extra
        self._sent_all = ends
        self._began = self._complete = False
        self._reader.expect(values[":method"], upgrade)
        self.write(head)

    def send_body(self, data: bytes) -> None:
        if data and self._exchange is not None and not self._sent_all:
            self.write(chunk(data) if self._chunked else data)

    def send_end(self, trailers: Sequence[tuple[str, str]] = ()) -> None:
        if self._exchange is None or self._sent_all:
            return
        self._sent_all = True
        if self._chunked:
            self.write(last_chunk([*trailers]))

    @property
    def sent_all(self) -> bool:
        """The request is complete."""
        return self._sent_all

    def send_tunnel_data(self, data: bytes) -> None:
        if self._tunnel:
            self.write(data)

    def cancel(self) -> None:
        """Nobody wants the response any more. The exchange is told nothing."""
        self._exchange = None
        self.abort()

    # The transport.

    def data_received(self, data: bytes) -> None:
        if self._tunnel:
            if self._exchange is not None:
                self._exchange.on_upstream_data(data)
            return
        if self._exchange is None:
            self.abort()  # nothing was asked for
            return
        self._began = True
        try:
            rest = self._reader.feed(data)
        except MessageError as error:
            self._fail(Failure.MALFORMED, str(error))
            return
        if rest and self._tunnel and self._exchange is not None:
            self._exchange.on_upstream_data(rest)
        self._release_if_complete()

    def eof_received(self) -> bool:
        if not self._tunnel:
            try:
                self._reader.end()
            except MessageError as error:
                self._fail(Failure.CUT if self._began else Failure.CLOSED, str(error))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            if self._tunnel:
                exchange.on_upstream_closed()
            else:
                why = f"{type(exc).__name__}: {exc}" if exc is not None else "the connection was closed"
                exchange.on_failure(Failure.CUT if self._began else Failure.CLOSED, why)
        self._closed(self)

    def pause_writing(self) -> None:
        if self._exchange is not None:
            self._exchange.on_upstream_slow()

    def resume_writing(self) -> None:
        if self._exchange is not None:
            self._exchange.on_upstream_ready()

    # The reader.

    def on_informational(self, fields: Fields) -> None:
        if self._exchange is not None:
            self._exchange.on_informational(fields)

    def on_head(self, head: ResponseHead) -> None:
        self._tunnel = bool(head.upgrade)
        if self._exchange is not None:
            self._exchange.on_head(head)

    def on_body(self, data: bytes) -> None:
        if self._exchange is not None:
            self._exchange.on_body(data)

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        if self._tunnel:
            return
        exchange, self._exchange = self._exchange, None
        self._complete = exchange is not None
        if exchange is not None:
            exchange.on_end(rest, trailers)

    def _release_if_complete(self) -> None:
        """When all that came is read, and not before: the next exchange must not get what belongs to none."""
        if not self._complete:
            return
        self._complete = False
        if self._sent_all and self._reader.keep_alive and not self._reader.surplus and self.is_open:
            self.set_reading(True)
            self._idle(self)
        else:
            self.close()

    def _fail(self, failure: Failure, details: str) -> None:
        exchange, self._exchange = self._exchange, None
        self.abort()
        if exchange is not None:
            exchange.on_failure(failure, details)
