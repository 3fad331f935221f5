"""Events: what a stream has to send.

They are values and never change. They are not `frozen`, because making a frozen one takes three times as long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from proxywasm.wire import Fields


@dataclass(slots=True)
class RequestHeaders:
    """Send these to the upstream."""

    fields: Fields
    end_of_stream: bool


@dataclass(slots=True)
class RequestBody:
    """Send this to the upstream."""

    data: bytes
    end_of_stream: bool


@dataclass(slots=True)
class RequestTrailers:
    """Send these to the upstream after the body. The request ends with them."""

    fields: Fields


@dataclass(slots=True)
class InformationalResponse:
    """Send these to the client, ahead of the final response: status 100, 102 or 103."""

    fields: Fields


@dataclass(slots=True)
class ResponseHeaders:
    """Send these to the client."""

    fields: Fields
    end_of_stream: bool


@dataclass(slots=True)
class ResponseBody:
    """Send this to the client."""

    data: bytes
    end_of_stream: bool


@dataclass(slots=True)
class ResponseTrailers:
    """Send these to the client after the body. The response ends with them."""

    fields: Fields


@dataclass(slots=True)
class CloseUpstream:
    """Cancel the upstream's request: the client is answered without it."""


@dataclass(slots=True)
class StartOver:
    """Cancel the upstream's request if there is one, and forget its response: another request follows."""


@dataclass(slots=True)
class Reset:
    """The response cannot be finished; break the connection so that the client notices."""

    reason: str


Event: TypeAlias = (
    RequestHeaders
    | RequestBody
    | RequestTrailers
    | InformationalResponse
    | ResponseHeaders
    | ResponseBody
    | ResponseTrailers
    | CloseUpstream
    | StartOver
    | Reset
)


class Side(NamedTuple):
    """The name of a direction, and its events."""

    name: str
    headers: Callable[[Fields, bool], Event]
    body: Callable[[bytes, bool], Event]
    trailers: Callable[[Fields], Event]


REQUEST: Final = Side("request", RequestHeaders, RequestBody, RequestTrailers)
RESPONSE: Final = Side("response", ResponseHeaders, ResponseBody, ResponseTrailers)
