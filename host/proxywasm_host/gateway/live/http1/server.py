"""A client's connection: requests in, responses out, one exchange after the other.

The application makes an `Exchange` of each request, and its methods say what arrives. It answers with the methods of
`ClientConnection`. Flow control works both ways: `hold_back` makes the client wait, and the exchange is told when the
client reads too slowly.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from proxywasm.wire import Fields

from .deadline import Deadline
from .limits import ServerLimits
from .messages import Exchange, MessageError, RequestHead
from .requests import RequestReader
from .sockets import Socket
from .states import State
from .writing import CLOSE, chunk, frame_response, last_chunk, response_head


class Application(Protocol):
    def open_exchange(self, connection: ClientConnection, head: RequestHead, /) -> Exchange:
        """A request has begun. Must not raise; may answer at once."""

    def malformed(self, connection: ClientConnection, error: MessageError, /) -> tuple[Fields, bytes]:
        """The response for a client whose request cannot be read: fields with `:status`, and the body."""


class ClientConnection(Socket):
    """One connection."""

    def __init__(
        self,
        application: Application,
        *,
        scheme: str,
        limits: ServerLimits,
        opened: Callable[[ClientConnection], None] = lambda _: None,
        closed: Callable[[ClientConnection], None],
    ) -> None:
        super().__init__(write_buffer=limits.write_buffer)
        self._application = application
        self._limits = limits
        self._opened = opened
        self._closed = closed
        self._reader = RequestReader(self, scheme=scheme, largest_head=limits.head)
        self._state = State.IDLE
        self._exchange: Exchange | None = None
        self._waiting: deque[Callable[[], None]] = deque()
        """What has arrived behind the request that is under way."""
        self._held_back = False
        self._deadline = Deadline(self._loop, self._time_out)
        self._requests = 0
        self._draining = False
        self._head_began = False
        """Some bytes of a request have come, and its head is not complete."""
        # Of the exchange that is under way.
        self._keep_alive = True
        self._http10 = self._to_head = self._chunked = self._received_all = self._sent_head = False

    # The transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._deadline.set(self._limits.head_seconds)
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        match self._state:
            case State.TUNNEL:
                self._tell_tunnel_data(data)
                return
            case State.LINGERING | State.CLOSED:
                return
            case State.IDLE if not self._head_began and not self._waiting:
                self._head_began = True
                self._deadline.set(self._limits.head_seconds)
        try:
            rest = self._reader.feed(data)
        except MessageError as error:
            self._in_order(partial(self._refuse, error))
            return
        if rest:
            self._in_order(partial(self._tell_tunnel_data, rest))
        self._linger_if_answered()
        self._apply_reading()

    def eof_received(self) -> bool:
        # As in Envoy: a client that closes its side is gone. One that has given up looks the same, and a model would
        # go on writing for it.
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._deadline.stop()
        self._state = State.CLOSED
        self._waiting.clear()
        self._dismiss()
        self._closed(self)

    def pause_writing(self) -> None:
        if self._exchange is not None:
            self._exchange.on_client_slow()

    def resume_writing(self) -> None:
        if self._exchange is not None:
            self._exchange.on_client_ready()

    # The reader.

    def on_head(self, head: RequestHead) -> None:
        self._in_order(partial(self._begin, head))

    def on_body(self, data: bytes) -> None:
        self._in_order(partial(self._tell_body, data))

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        self._in_order(partial(self._tell_end, rest, trailers))

    def _in_order(self, step: Callable[[], None]) -> None:
        """Now, or when the exchange that is under way has ended: its request is complete."""
        if self._waiting or (self._state is State.BUSY and self._received_all):
            self._waiting.append(step)
        else:
            step()

    def _begin(self, head: RequestHead) -> None:
        if self._state is not State.IDLE:
            return
        self._deadline.unset()
        self._head_began = False
        self._state = State.BUSY
        self._requests += 1
        self._keep_alive = head.keep_alive and self._requests < self._limits.requests and not self._draining
        self._http10 = head.http10
        self._to_head = head.fields[0][1] == "HEAD"
        self._received_all = self._sent_head = self._chunked = False
        if head.expects and not head.ends:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange = self._application.open_exchange(self, head)
        if self._state in (State.BUSY, State.TUNNEL):
            self._exchange = exchange

    def _tell_body(self, data: bytes) -> None:
        if self._exchange is not None:
            self._exchange.on_body(data)

    def _tell_end(self, rest: bytes, trailers: Fields) -> None:
        if self._state is State.ANSWERED:
            self._end_exchange()
            return
        self._received_all = True
        if self._exchange is not None:
            self._exchange.on_end(rest, trailers)

    def _tell_tunnel_data(self, data: bytes) -> None:
        if self._exchange is not None and self._state is State.TUNNEL:
            self._exchange.on_tunnel_data(data)

    def _refuse(self, error: MessageError) -> None:
        """Where the next message begins is not known: say why, and end the connection."""
        if self._state not in (State.IDLE, State.BUSY):
            return
        began = self._state is State.BUSY and self._sent_head
        self._dismiss()
        if began:
            self.abort()
            return
        fields, body = self._application.malformed(self, error)
        head = response_head(fields, [("content-length", str(len(body))), CLOSE])
        self.write(head if self._to_head and self._state is State.BUSY else head + body)
        self._linger()

    # For the application. After the end of an exchange these do nothing.

    def send_informational(self, fields: Fields) -> None:
        """Raises `ValueError` for fields that cannot be sent, as the next ones do."""
        if self._state is State.BUSY and not self._sent_head and not self._http10:
            self.write(response_head(fields))

    def send_head(self, fields: Fields, *, ends: bool) -> None:
        """`fields` with `:status`, and with `content-length` if the length is known. `ends`: there is no body."""
        if self._state is not State.BUSY or self._sent_head:
            return
        keep_alive = self._keep_alive and not self._draining
        framing = frame_response(fields, ends, self._to_head, http10=self._http10, keep_alive=keep_alive)
        self._chunked, self._keep_alive = framing.chunked, framing.keep_alive
        self.write(response_head(fields, framing.headers))
        self._sent_head = True
        if ends:
            self._answered()

    def send_body(self, data: bytes) -> None:
        if data and self._state is State.BUSY and not self._to_head:
            self.write(chunk(data) if self._chunked else data)

    def send_end(self, trailers: Sequence[tuple[str, str]] = ()) -> None:
        """The response is complete. Trailers are sent where there are chunks."""
        if self._state is not State.BUSY:
            return
        if self._chunked:
            self.write(last_chunk([*trailers]))
        self._answered()

    def switch_protocols(self, fields: Fields, upgrade: str) -> None:
        """Answer 101: what follows in both directions is of the other protocol."""
        if self._state is State.BUSY and not self._sent_head:
            self.write(response_head(fields, [("connection", "upgrade"), ("upgrade", upgrade)]))
            self._state = State.TUNNEL
            self._loop.call_soon(self._run_waiting)

    def send_tunnel_data(self, data: bytes) -> None:
        if self._state is State.TUNNEL:
            self.write(data)

    def close_tunnel(self) -> None:
        if self._state is State.TUNNEL:
            self._exchange = None
            self.close()

    def break_off(self) -> None:
        """The response cannot be completed, and the client has to see that."""
        self._exchange = None
        self.abort()

    def hold_back(self, wanted: bool) -> None:
        """Read no more of the request, or of the tunnel, as long as this is wanted."""
        self._held_back = wanted
        self._apply_reading()

    def drain(self) -> None:
        """End as soon as no exchange is under way."""
        self._draining = True
        if self._state is State.IDLE:
            self.close()

    # Inside.

    def _answered(self) -> None:
        self._exchange = None
        if self._received_all:
            self._end_exchange()
        else:
            self._state = State.ANSWERED
            # The end of the request may be in the bytes that are being read.
            self._loop.call_soon(self._linger_if_answered)

    def _end_exchange(self) -> None:
        self._held_back = False
        if not self._keep_alive or self._draining:
            self._linger()
            return
        self._state = State.IDLE
        self._received_all = False
        self._deadline.set(self._limits.keep_alive_seconds)
        if self._waiting:
            self._loop.call_soon(self._run_waiting)
        self._apply_reading()

    def _run_waiting(self) -> None:
        while self._waiting and self._state in (State.IDLE, State.BUSY, State.TUNNEL, State.ANSWERED):
            if self._state is State.BUSY and self._received_all:
                break
            self._waiting.popleft()()
        self._apply_reading()

    def _linger_if_answered(self) -> None:
        if self._state is State.ANSWERED:
            self._linger()

    def _linger(self) -> None:
        self._state = State.LINGERING
        self._waiting.clear()
        self._held_back = False
        if self._received_all or not self.finish():
            self.close()
            return
        # With unread bytes a closed socket answers with a reset, which may take the response with it.
        self._apply_reading()
        self._deadline.set(self._limits.linger_seconds)

    def _apply_reading(self) -> None:
        self.set_reading(not self._held_back and not self._waiting)

    def _dismiss(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.on_client_gone()

    def _time_out(self) -> None:
        if self._state is State.IDLE and self._head_began:
            self._refuse(MessageError(408, f"the headers were not complete after {self._limits.head_seconds:g} s"))
        elif self._state in (State.IDLE, State.LINGERING):
            self.close()
