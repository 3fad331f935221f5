"""What is read of HTTP/1.1: heads, who gets the parts of a message, and why a message is refused.

Fields are those of `proxywasm.wire`: pseudo-headers first, names in lower case, without the headers of the connection.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from proxywasm.wire import Fields


class MessageError(Exception):
    """What arrived is no message that can be passed on. `status` is what a client is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class RequestHead(NamedTuple):
    fields: Fields
    """With `:method`, `:scheme`, `:authority` and `:path`; `content-length` if there is one."""
    ends: bool
    """No body follows."""
    keep_alive: bool
    """The client wants to use the connection again."""
    upgrade: str
    """The protocol that the client wants to change to, in lower case; mostly empty."""
    expects: bool
    """The client waits for `100 Continue` before it sends the body."""
    http10: bool
    """The client knows no chunks."""


class ResponseHead(NamedTuple):
    fields: Fields
    """With `:status`; `content-length` if there is one."""
    ends: bool
    upgrade: str
    """With status 101: the protocol that follows."""


class RequestHandler(Protocol):
    def on_head(self, head: RequestHead, /) -> None: ...

    def on_body(self, data: bytes, /) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields, /) -> None:
        """The message is complete. `rest` is what of its body has come with the end."""


class ResponseHandler(Protocol):
    def on_informational(self, fields: Fields, /) -> None:
        """100, 102, 103: the response itself still comes."""

    def on_head(self, head: ResponseHead, /) -> None: ...

    def on_body(self, data: bytes, /) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields, /) -> None:
        """As for a request."""


class Exchange(Protocol):
    """What the application makes of a request. Its methods must not raise."""

    def on_body(self, data: bytes, /) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields, /) -> None:
        """The request is complete. `rest` is what of its body has come with the end."""

    def on_client_gone(self) -> None:
        """Nobody waits for the response any more. No other method is called after it."""

    def on_client_slow(self) -> None:
        """The client does not read: send no more until `on_client_ready`."""

    def on_client_ready(self) -> None: ...

    def on_tunnel_data(self, data: bytes, /) -> None:
        """Bytes of the other protocol, after `ClientConnection.switch_protocols`."""
