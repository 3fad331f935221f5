"""The interfaces of wire protocols: `ClientProtocol` for clients, `ServiceProtocol` for model services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from proxywasm import Event, SSEDecoder

from ..wire import limits
from ..wire.errors import ApiError
from ..wire.json import Json
from .exchange import ClientProtocol, Exchange, Thinking
from .stream_writer import StreamWriter

__all__ = [
    "AnyServiceProtocol", "ClientProtocol", "Decoder", "Exchange", "FilesWanted", "NotCounted", "PartsWanted",
    "ResponseWanted", "ServiceProtocol", "StreamWriter", "Thinking", "no_state", "sse_decoder",
]  # fmt: skip

State = TypeVar("State")


class Decoder(Protocol):
    """Bytes in, events out. Raises `SSEError`."""

    @property
    def waiting(self) -> int:
        """Bytes of the incomplete event."""

    def feed(self, chunk: bytes, /) -> list[Event]: ...

    def close(self) -> list[Event]: ...


class ServiceProtocol(Protocol[State]):
    """A protocol of model services, for one API. Modules with these names implement it; rows refer to them in
    `protocols`. It converts between the pivot (OpenAI's protocol as plain JSON) and the service's format.
    """

    @property
    def accepts_signed_thinking(self) -> bool:
        """Requests may contain earlier thinking of the model with its signatures."""

    def request(self, exchange: Exchange, body: Json, /) -> Json:
        """The service's request. May set `exchange.path`, `exchange.host` and `exchange.headers`.

        Raises `ApiError` for a request that the service does not support, `FilesWanted` and `PartsWanted`.
        """

    def response(self, exchange: Exchange, answer: Json, /) -> Json:
        """The pivot's answer. Raises `ApiError` if the answer is an error or invalid.

        `request` may not have been called: a compressed request goes to the service unread.
        """

    def decoder(self) -> Decoder:
        """Reads the frames of one stream; `sse_decoder` for server-sent events."""

    def new_state(self, exchange: Exchange, /) -> State:
        """The state of one stream, passed to each `event`; `no_state` if the protocol needs none."""

    def event(self, exchange: Exchange, state: State, event: Event, document: Json, writer: StreamWriter, /) -> None:
        """Convert one event of the stream. Raises `ApiError` as `response` does."""

    def error(self, status: int, document: Json, /) -> ApiError | None:
        """The error in a document of the service; None if the document is not an error in the service's format."""


AnyServiceProtocol = ServiceProtocol[Any]


sse_decoder: Final = partial(SSEDecoder, limits.EVENT)


def no_state(exchange: Exchange, /) -> None:
    """For protocols that convert each event by itself."""


class FilesWanted(Exception):
    """A service protocol needs these files. `request` is called again when they are in `exchange.files`."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__(f"{len(urls)} files")
        self.urls = list(dict.fromkeys(urls))


class PartsWanted(Exception):
    """The service answers one part of the request at a time. `request` is called again when all of these parts have an
    answer; it then makes the request for the last part, which is not among them.
    """

    def __init__(self, parts: list[Json], take: Callable[[int, Json, Mapping[str, str]], None]) -> None:
        """`take` gets the index of a part, its answer, and the headers of that. It may raise `ApiError`."""
        super().__init__(f"{len(parts)} parts")
        self.parts = parts
        self.take = take


class NotCounted(Exception):
    """The service does not count the tokens for this model; the plugin estimates them."""


class ResponseWanted(Exception):
    """A client protocol needs a response that is kept. `request` is called again when it is in `exchange.earlier`."""

    def __init__(self, response_id: str) -> None:
        super().__init__(response_id)
        self.response_id = response_id
