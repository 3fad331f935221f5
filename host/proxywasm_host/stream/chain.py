"""Several plugins in a row, as a gateway has them: requests pass them first to last, responses last to first.

Each plugin has a `Stream` of its own, with its own pauses, buffers and limits; what leaves one enters the next. What
concerns all of them, local replies, is in `answers.py`, which knows the streams of a chain by `Stream.chain`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from proxywasm.wire import Fields, LocalReply

from ..services import Properties
from .answers import reply_past_others
from .events import CloseUpstream, Event, RequestBody, RequestHeaders, Reset, ResponseBody, ResponseHeaders
from .runner import Runner
from .stream import Stream


class Chain:
    """The plugins of a gateway, each with its runner. Events of a plugin alone, such as answers to its call-outs, are
    given to its runner; streams are opened here."""

    def __init__(self, runners: Sequence[Runner]) -> None:
        if not runners:
            raise ValueError("a chain has at least one plugin")
        self.runners = tuple(runners)

    @property
    def lost(self) -> bool:
        """An instance of a plugin is lost: open another chain with a fresh one for new streams."""
        return any(runner.lost for runner in self.runners)

    def open(self, properties: Properties | None = None) -> ChainedStream:
        """The properties become those of the stream: what a plugin sets, the others see."""
        shared = {} if properties is None else properties
        return ChainedStream([runner.open(shared) for runner in self.runners])

    def expire(self) -> None:
        """Call it when time has passed; see `Runner.expire`. Any stream may have events afterwards."""
        for runner in self.runners:
            runner.expire()


class ChainedStream:
    """One HTTP stream through several plugins, driven like a `Stream`.

    `streams` are fresh, one of each plugin in the order of requests; they may come from any runners.
    """

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.streams = tuple(streams)
        for place, stream in enumerate(self.streams):
            stream.join(self.streams, partial(self._move_from, place))
        self._first, self._last = self.streams[0], self.streams[-1]
        self._events: list[Event] = []
        self._waiting: list[deque[Event]] = [deque() for _ in self.streams]
        """What has left each plugin and is still to be given to the next."""
        self._giving = [False] * len(self.streams)
        """Whether the next stream is just being given something by each: it does not get more at the same time."""

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
        self.move()

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        self._first.request_body(data, end_of_stream)
        self.move()

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = "via_upstream") -> None:
        self._last.response_headers(fields, end_of_stream, details)
        self.move()

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        self._last.response_body(data, end_of_stream)
        self.move()

    def close(self) -> None:
        """The stream is over. Every plugin that has seen it is told, the first one first."""
        self.move()
        for stream in self.streams:
            stream.close()

    # What is to be sent.

    def take(self) -> list[Event]:
        self.move()
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
        return any(stream.request_paused for stream in self.streams)

    @property
    def response_paused(self) -> bool:
        """The response waits for a plugin to resume it."""
        return any(stream.response_paused for stream in self.streams)

    def move(self) -> None:
        """Give what has left a plugin to the next, until nothing moves."""
        moved = True
        while moved:
            moved = False
            for place in range(len(self.streams)):
                moved |= self._move_from(place)

    def _move_from(self, place: int) -> bool:
        """Whether there was anything.

        Streams call it as soon as they send something: each event gets as far as it can before the next one is made, as
        in a gateway whose filters call each other.
        """
        stream, waiting = self.streams[place], self._waiting[place]
        waiting += stream.take()
        if not waiting or self._giving[place]:
            return False
        self._giving[place] = True
        try:
            while waiting:
                event = waiting.popleft()
                to, give = _WAYS[type(event)]
                target = place + to
                if 0 <= target < len(self.streams):
                    give(self.streams[target], event, stream)
                    self._move_from(target)
                else:
                    self._events.append(event)
                waiting += stream.take()
        finally:
            self._giving[place] = False
        return True


def _response_headers(stream: Stream, event: ResponseHeaders, source: Stream) -> None:
    # A plugin that has ended the response itself, or was passed by a reply, gets nothing of it any more; and one that
    # has not seen the request does not see its answer.
    if not (stream.response.ended or stream.response.dropped):
        if not stream.entered:
            stream.bypass()
        stream.begin_response(event.fields, event.end_of_stream, source.details)


def _response_body(stream: Stream, event: ResponseBody, _: Stream) -> None:
    if not (stream.response.ended or stream.response.dropped):
        stream.body(stream.response, event.data, event.end_of_stream)


def _nowhere(stream: Stream, event: Event, _: Stream) -> None:
    raise AssertionError(f"{type(event).__name__} comes from an end of the chain, not before stream {stream.id}")


_ON, _BACK = 1, -1

_WAYS: Final[dict[type[Event], tuple[int, Callable[[Stream, Any, Stream], None]]]] = {
    RequestHeaders: (_ON, lambda stream, event, _: stream.request_headers(event.fields, event.end_of_stream)),
    RequestBody: (_ON, lambda stream, event, _: stream.request_body(event.data, event.end_of_stream)),
    ResponseHeaders: (_BACK, _response_headers),
    ResponseBody: (_BACK, _response_body),
    CloseUpstream: (_ON, _nowhere),
    Reset: (_BACK, lambda _stream, _event, source: reply_past_others(source)),
}
"""Where an event goes from a plugin, and how it is given to the one there, with the stream that it comes from."""
