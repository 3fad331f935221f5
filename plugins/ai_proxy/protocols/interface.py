"""What a wire protocol implements: `ClientProtocol` for clients that speak it, `ServiceProtocol` for model services."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from proxywasm import Event, SSEDecoder

from ..wire import limits
from ..wire.errors import ApiError
from ..wire.json import Json
from .exchange import ClientProtocol, Exchange, Thinking
from .stream_writer import StreamWriter

__all__ = [
    "AnyServiceProtocol", "ClientProtocol", "Decoder", "Exchange", "FilesWanted", "ServiceProtocol", "StreamWriter",
    "Thinking", "no_state", "sse_decoder",
]  # fmt: skip

State = TypeVar("State")


class Decoder(Protocol):
    """Bytes in, events out. Raises `SSEError`."""

    @property
    def waiting(self) -> int:
        """Bytes of the event that has not ended yet."""

    def feed(self, chunk: bytes, /) -> list[Event]: ...

    def close(self) -> list[Event]: ...


class ServiceProtocol(Protocol[State]):
    """A protocol that model services speak, for one API: between the pivot (OpenAI's protocol as plain JSON) and the
    service. A module with these names is one; rows name it in `protocols`.
    """

    @property
    def accepts_signed_thinking(self) -> bool:
        """Requests may have a model's earlier thinking with its signatures; to all others it is not sent."""

    def request(self, exchange: Exchange, body: Json, /) -> Json:
        """The service's request. May set `exchange.path`, `exchange.host` and `exchange.headers`.

        Raises `ApiError` for what the service cannot do, and `FilesWanted`.
        """

    def response(self, exchange: Exchange, answer: Json, /) -> Json:
        """The pivot's answer. Raises `ApiError` if the answer is an error, or makes no sense.

        The request may not have been seen before: a compressed one goes to the service unread.
        """

    def decoder(self) -> Decoder:
        """Reads the frames of one stream; `sse_decoder` for server-sent events."""

    def new_state(self, exchange: Exchange, /) -> State:
        """What is remembered between the events of one stream; `no_state` if nothing is."""

    def event(self, exchange: Exchange, state: State, event: Event, document: Json, writer: StreamWriter, /) -> None:
        """Write what one event of the stream says. Raises `ApiError` as `response` does."""

    def error(self, status: int, document: Json, /) -> ApiError | None:
        """The error that a document in the service's own format describes, None if it is not in that format."""


AnyServiceProtocol = ServiceProtocol[Any]


def sse_decoder() -> Decoder:
    return SSEDecoder(limits.EVENT)


def no_state(exchange: Exchange, /) -> None:
    """For protocols each of whose events says everything."""


class FilesWanted(Exception):
    """A service protocol needs these files; it is asked again when they are in `exchange.files`."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__(f"{len(urls)} files")
        self.urls = list(dict.fromkeys(urls))
