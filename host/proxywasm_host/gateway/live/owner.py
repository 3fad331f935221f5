"""What an exchange needs of the worker that it belongs to."""

from __future__ import annotations

from typing import Protocol

from ...stream import ChainedStream
from ..model import Route
from .access import AccessLine
from .cors import CorsPolicy
from .http1.upstream import UpstreamConnection
from .origins import Origin
from .routing import Target
from .time_limits import TimeLimits


class Worker(Protocol):
    times: TimeLimits
    trailers: bool
    """Whether trailers pass."""

    def cors(self, route: Route, /) -> CorsPolicy | None: ...

    def target(self, route: Route, authority: str, asked: str, /) -> Target | None: ...

    def idle_connection(self, origin: Origin, /) -> UpstreamConnection | None: ...

    async def connect(self, origin: Origin, /) -> UpstreamConnection: ...

    def settle(self) -> None:
        """Something has happened in a plugin: it may have made call-outs, and others may have something to send."""

    def ended(self, stream: ChainedStream, access: AccessLine, /) -> None: ...

    def log(self, message: str, /) -> None: ...
