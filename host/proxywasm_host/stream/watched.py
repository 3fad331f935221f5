"""A chain of plugins that reports each event: what arrives from client and upstream, and what leaves each plugin.

It is for replays that show the way of a stream. Live gateways use `Chain`, which has no place for a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from proxywasm.wire import Fields

from ..services import Properties
from .chain import Chain, ChainedStream, Outlet
from .events import (
    Event,
    InformationalResponse,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    StartOver,
)
from .ready import Ready
from .runner import Runner
from .stream import Stream


class Watcher(Protocol):
    def arrives(self, event: Event) -> None:
        """The client or the upstream has sent this. What follows, until the next call, happens because of it."""

    def leaves(self, place: int, event: Event) -> None:
        """The plugin at this place of the chain has passed this on."""

    def closes(self) -> None:
        """The stream ends."""


class WatchedChain(Chain):
    def __init__(self, runners: Sequence[Runner], watcher: Watcher) -> None:
        super().__init__(runners)
        self._watcher = watcher

    def open(self, properties: Properties | None = None) -> ChainedStream:
        shared = {} if properties is None else properties
        return _WatchedStream([runner.open(shared) for runner in self.runners], self._ready, self._watcher)


class _WatchedStream(ChainedStream):
    def __init__(self, streams: Sequence[Stream], ready: Ready[ChainedStream], watcher: Watcher) -> None:
        self._watcher = watcher
        super().__init__(streams, ready)

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        self._watcher.arrives(RequestHeaders(fields, end_of_stream))
        super().request_headers(fields, end_of_stream)

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        self._watcher.arrives(RequestBody(data, end_of_stream))
        super().request_body(data, end_of_stream)

    def request_trailers(self, fields: Fields) -> None:
        self._watcher.arrives(RequestTrailers(fields))
        super().request_trailers(fields)

    def informational_response(self, fields: Fields) -> None:
        self._watcher.arrives(InformationalResponse(fields))
        super().informational_response(fields)

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = "via_upstream") -> None:
        self._watcher.arrives(ResponseHeaders(fields, end_of_stream))
        super().response_headers(fields, end_of_stream, details)

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        self._watcher.arrives(ResponseBody(data, end_of_stream))
        super().response_body(data, end_of_stream)

    def response_trailers(self, fields: Fields) -> None:
        self._watcher.arrives(ResponseTrailers(fields))
        super().response_trailers(fields)

    def close(self) -> None:
        self._watcher.closes()
        super().close()

    def _pass_on(self, outlet: Outlet) -> None:
        for event in outlet.stream.events:  # which are taken now
            self._watcher.leaves(outlet.place, event)
        super()._pass_on(outlet)

    def _lets_pass(self, place: int, event: RequestBody | ResponseBody) -> bool:  # noqa: ARG002
        """A chunk that a plugin has nothing to do with is shown there all the same."""
        return False

    def _start_over(self, outlet: Outlet) -> None:
        self._watcher.leaves(outlet.place, StartOver())
        super()._start_over(outlet)
