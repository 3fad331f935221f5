"""Several plugins in a row, as a gateway has them: requests pass them first to last, responses last to first.

Each plugin has a `Stream` of its own, with its own pauses, buffers and limits; what leaves one enters the next. Local
replies concern all streams of a chain: `link.py` handles them, with the streams in `Link.chain`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from proxywasm.wire import Fields, LocalReply

from ..services import Properties
from .events import (
    CloseUpstream,
    Event,
    InformationalResponse,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    Reset,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    StartOver,
)
from .ready import Ready
from .runner import Runner
from .states import Departure, Part
from .stream import Stream


class Chain:
    """The plugins of a gateway, each with its runner. Events of a plugin alone, such as answers to its call-outs, are
    given to its runner; streams are opened here."""

    def __init__(self, runners: Sequence[Runner]) -> None:
        if not runners:
            raise ValueError("a chain has at least one plugin")
        self.runners = tuple(runners)
        self._ready: Ready[ChainedStream] = Ready()

    @property
    def lost(self) -> bool:
        """An instance of a plugin is lost: open another chain with a fresh one for new streams."""
        return any(runner.lost for runner in self.runners)

    def open(self, properties: Properties | None = None) -> ChainedStream:
        """The properties become those of the stream: what a plugin sets, the others see."""
        shared = {} if properties is None else properties
        return ChainedStream([runner.open(shared) for runner in self.runners], self._ready)

    def ready(self) -> list[ChainedStream]:
        """Open streams that have something to send, each once; see `Runner.ready`."""
        return self._ready.streams()

    def expire(self) -> None:
        """Call it when time has passed; see `Runner.expire`."""
        for runner in self.runners:
            runner.expire()


class ChainedStream:
    """One HTTP stream through several plugins, driven like a `Stream`.

    `streams` are fresh, one of each plugin in the order of requests; they may come from any runners. In `ready` the
    stream is noted when it has something to send.
    """

    def __init__(self, streams: Sequence[Stream], ready: Ready[ChainedStream] | None = None) -> None:
        self.streams = [*streams]
        self._outlets = [self._join(place, stream) for place, stream in enumerate(self.streams)]
        self._first, self._last = self.streams[0], self.streams[-1]
        self._ready: Ready[ChainedStream] = Ready() if ready is None else ready
        self._events: list[Event] = []
        self.attempts = 0
        """How often a plugin has sent another request."""

    def _join(self, place: int, stream: Stream) -> _Outlet:
        outlet = _Outlet(place, stream)
        stream.join(self.streams, partial(self._pass_on, outlet), partial(self._start_over, outlet))
        return outlet

    @property
    def id(self) -> int:
        """That of the first plugin."""
        return self._first.id

    @property
    def local_reply(self) -> LocalReply | None:
        """What the client gets instead of the upstream's response, if it does."""
        return self._first.local_reply

    # What arrives.

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        self._first.request_headers(fields, end_of_stream)

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        self._first.request_body(data, end_of_stream)

    def request_trailers(self, fields: Fields) -> None:
        self._first.request_trailers(fields)

    def informational_response(self, fields: Fields) -> None:
        self._last.informational_response(fields)

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = "via_upstream") -> None:
        self._last.response_headers(fields, end_of_stream, details)

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        self._last.response_body(data, end_of_stream)

    def response_trailers(self, fields: Fields) -> None:
        self._last.response_trailers(fields)

    def respond(self, fields: Fields, body: bytes, details: str) -> None:
        """A whole response of the gateway itself. A plugin may send another request when it has seen the headers."""
        attempts = self.attempts
        self.response_headers(fields, False, details)
        if self.attempts == attempts:
            self.response_body(body, True)

    def close(self) -> None:
        """The stream is over. Every plugin that has seen it is told, the first one first."""
        for stream in self.streams:
            stream.close()
        self._ready.pop(self, None)

    # What is to be sent.

    def take(self) -> list[Event]:
        self._ready.pop(self, None)
        events, self._events = self._events, []
        return events

    @property
    def request_done(self) -> bool:
        """Nothing more will be sent upstream."""
        return self._last.request_done

    @property
    def response_done(self) -> bool:
        """Nothing more will be sent to the client."""
        return self._first.response_done

    @property
    def request_paused(self) -> bool:
        """The request waits for a plugin to resume it."""
        for stream in self.streams:  # noqa: SIM110  # asked after each event, and a generator costs more than the answer
            if stream.request_paused:
                return True
        return False

    @property
    def response_paused(self) -> bool:
        """The response waits for a plugin to resume it."""
        for stream in self.streams:  # noqa: SIM110  # likewise asked after each event
            if stream.response_paused:
                return True
        return False

    @property
    def first_byte_ms(self) -> int | None:
        """How long the upstream may take until its response begins, if a plugin has said so: the last one."""
        for stream in reversed(self.streams):
            if stream.first_byte_ms is not None:
                return stream.first_byte_ms
        return None

    def has_room(self, size: int, most: int, *, response: bool) -> bool:
        """Whether so many bytes more may arrive: each plugin that has paused this direction can keep them, with
        `most` bytes in all."""
        for stream in self.streams:
            half = stream.response if response else stream.request
            if half.waiting and not half.has_room(size, most):
                return False
        return True

    def _pass_on(self, outlet: _Outlet) -> None:
        """Give what has left a plugin to the next.

        Streams call it as soon as they have something: each event gets as far as it can before the next one is made, as
        in a gateway whose filters call each other.
        """
        stream, waiting = outlet.stream, outlet.waiting
        waiting += stream.take()
        if outlet.giving:
            return
        outlet.giving = True
        try:
            while waiting:
                event = waiting.popleft()
                to, give = _WAYS[type(event)]
                target = outlet.place + to
                if isinstance(event, _CHUNKS) and not event.end_of_stream:
                    while 0 <= target < len(self.streams) and self._lets_pass(target, event):
                        target += to
                if 0 <= target < len(self.streams):
                    give(self.streams[target], event, stream)
                else:
                    self._events.append(event)
                    self._ready[self] = None
        finally:
            outlet.giving = False

    def _lets_pass(self, place: int, event: RequestBody | ResponseBody) -> bool:
        """Whether the plugin there has nothing to do with a chunk, and nothing waits there that the chunk would
        overtake. There is a chunk for each token of a model."""
        outlet = self._outlets[place]
        if outlet.waiting or outlet.giving:
            return False
        stream = outlet.stream
        return (stream.response if type(event) is ResponseBody else stream.request).lets_pass(event.data)

    def _start_over(self, outlet: _Outlet) -> None:
        """The plugin there sends another request: what is left of the one before ends, and the plugins after it get
        another stream each.
        """
        self.attempts += 1
        outlet.drop_request()
        after = range(outlet.place + 1, len(self.streams))
        before = [self.streams[place] for place in after]
        properties = [stream.properties for stream in before]
        for place, stream in zip(after, before, strict=True):
            self._outlets[place].waiting.clear()
            stream.leave()
            stream.close()
        for place, stream, shared in zip(after, before, properties, strict=True):
            self.streams[place] = stream.owner.open(shared)
            self._outlets[place] = self._join(place, self.streams[place])
        self._last = self.streams[-1]
        self._events.append(StartOver())
        self._ready[self] = None
        for stream in self.streams[outlet.place + 1 :]:
            if stream.owner.lost:
                stream.give_up()


class _Outlet:
    """What has left a plugin."""

    __slots__ = ("giving", "place", "stream", "waiting")

    def __init__(self, place: int, stream: Stream) -> None:
        self.place = place
        self.stream = stream
        self.waiting: deque[Event] = deque()
        """Events that are not yet given to the next plugin."""
        self.giving = False
        """An event is being given to the next plugin, which must not get a second one meanwhile."""

    def drop_request(self) -> None:
        kept = [event for event in self.waiting if not isinstance(event, _OF_REQUEST)]
        self.waiting.clear()
        self.waiting += kept


_CHUNKS: Final = (RequestBody, ResponseBody)
_OF_REQUEST: Final = (RequestHeaders, RequestBody, RequestTrailers, CloseUpstream)


def _for_response(give: Callable[[Stream, Any, Stream], None]) -> Callable[[Stream, Any, Stream], None]:
    """Skip plugins that have ended the response themselves, or that a reply has passed."""

    def passing(stream: Stream, event: Event, source: Stream) -> None:
        response = stream.response
        if not (response.ended or response.departure is Departure.DROPPED or stream.part is Part.OVER):
            give(stream, event, source)

    return passing


def _for_request(give: Callable[[Stream, Any, Stream], None]) -> Callable[[Stream, Any, Stream], None]:
    """Skip plugins whose stream has been answered."""

    def passing(stream: Stream, event: Event, source: Stream) -> None:
        if not (stream.request.departure is Departure.DROPPED or stream.part is Part.OVER):
            give(stream, event, source)

    return passing


def _nowhere(stream: Stream, event: Event, _: Stream) -> None:
    raise AssertionError(f"{type(event).__name__} comes from an end of the chain, not before stream {stream.id}")


def _request_headers(to: Stream, event: RequestHeaders, source: Stream) -> None:
    to.request_headers(event.fields, event.end_of_stream, source.request.checked(event.fields))


def _response_headers(to: Stream, event: ResponseHeaders, source: Stream) -> None:
    checked = source.response.checked(event.fields)
    to.response_headers(event.fields, event.end_of_stream, source.details, checked)


_ON, _BACK = 1, -1

_WAYS: Final[dict[type[Event], tuple[int, Callable[[Stream, Any, Stream], None]]]] = {
    RequestHeaders: (_ON, _for_request(_request_headers)),
    RequestBody: (_ON, _for_request(lambda to, event, _: to.request_body(event.data, event.end_of_stream))),
    RequestTrailers: (_ON, _for_request(lambda to, event, _: to.request_trailers(event.fields))),
    InformationalResponse: (_BACK, _for_response(lambda to, event, _: to.informational_response(event.fields))),
    ResponseHeaders: (_BACK, _for_response(_response_headers)),
    ResponseBody: (_BACK, _for_response(lambda to, event, _: to.response_body(event.data, event.end_of_stream))),
    ResponseTrailers: (_BACK, _for_response(lambda to, event, _: to.response_trailers(event.fields))),
    CloseUpstream: (_ON, _nowhere),
    StartOver: (_ON, _nowhere),
    Reset: (_BACK, lambda _to, _event, source: source.reply_past_others()),
}
"""For each event: the direction from a plugin to the next one, and how that one gets it."""
