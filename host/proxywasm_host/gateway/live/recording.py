"""Record what passes the plugins of a gateway that serves: `proxywasm serve --record`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from proxywasm.wire import Fields

from ...recordings.exchange import Exchange
from ...recordings.recorder import LARGEST, RecordingFolder, RecordOptions, StreamRecording
from ...services import HttpCall, Properties, RedisCall
from ...stream import ChainedStream, Event, Ready, Runner, Stream
from ..model import Gateway
from .observed import Tap
from .starting import config_of

_MOST_HELD = 256 * 2**20
"""Bytes of streams that are being recorded. While they are more, further streams are not recorded."""

Call = tuple[Runner, int]
"""A call-out: the instance that makes it, and its number."""


StreamMaker: TypeAlias = Callable[
    ["RecordedGateway", Properties, Sequence[Stream], Ready[ChainedStream]], "RecordedStream"
]


@dataclass(frozen=True, slots=True)
class RecordedGateway:
    """What a recording says of the gateway: the plugins' names and configurations."""

    names: tuple[str, ...]
    configs: tuple[str, ...]

    @classmethod
    def of(cls, gateway: Gateway) -> RecordedGateway:
        return cls(tuple(each.name for each in gateway.plugins), tuple(map(config_of, gateway.plugins)))


class Recorder:
    """For one event loop. `put` gets each recording with its size, `log` what is not recorded, and why.

    `tap` wants some of the streams, also where there is no `put`.
    """

    def __init__(
        self,
        put: Callable[[Exchange, int], None] | None,
        *,
        largest: int,
        log: Callable[[str], None],
        tap: Tap | None = None,
    ) -> None:
        self._put = put
        self._tap = tap
        self._largest = largest
        self._log = log
        self._streams: dict[tuple[object, int], RecordedStream] = {}
        """By instance and context of each plugin."""
        self._calls: dict[Call, tuple[StreamRecording, int]] = {}

    def begin(self) -> StreamMaker | None:
        """What makes the stream that begins now; None: it is not recorded."""
        tap = self._tap
        puts = [] if self._put is None else [self._put]
        if tap is not None and tap.takes():
            puts.append(tap.put)
        return partial(self._stream, puts) if puts else None

    def _stream(
        self,
        puts: Sequence[Callable[[Exchange, int], None]],
        gateway: RecordedGateway,
        properties: Properties,
        streams: Sequence[Stream],
        ready: Ready[ChainedStream],
    ) -> RecordedStream:
        texts = {".".join(path): value.decode(errors="replace") for path, value in properties.items()}
        recording = StreamRecording(gateway.configs, gateway.names, texts, largest=self._largest)
        if sum(each.recording.size for each in {*self._streams.values()}) > _MOST_HELD:
            recording.omit("too many large streams are recorded at the same time")
        stream = RecordedStream(streams, ready, recording, puts)
        for each in streams:
            self._streams[each.owner, each.id] = stream
        return stream

    def called(self, runner: Runner, call: HttpCall | RedisCall) -> None:
        stream = self._streams.get((runner, call.context))
        if stream is None:
            return
        recording = stream.recording
        if isinstance(call, RedisCall):
            recording.omit(f"{recording.title}: a plugin uses Redis, whose answers recordings do not have")
        else:
            recording.called(call)
            self._calls[runner, call.id] = recording, recording.calls

    def answered(self, runner: Runner, number: int, fields: Fields, body: bytes) -> None:
        """No fields: there is no answer."""
        if (found := self._calls.pop((runner, number), None)) is not None:
            recording, place = found
            recording.answered(place, fields, body)

    def ended(self, stream: ChainedStream) -> None:
        if not isinstance(stream, RecordedStream):
            return
        for each in stream.streams:
            self._streams.pop((each.owner, each.id), None)
        recording = stream.recording
        if recording.omitted:
            self._log(f"not recorded: {recording.omitted}")
        elif (exchange := recording.exchange(stream.local_reply)) is not None:
            for put in stream.puts:
                put(exchange, recording.size)


class RecordedStream(ChainedStream):
    """`puts` get the recording."""

    def __init__(
        self,
        streams: Sequence[Stream],
        ready: Ready[ChainedStream],
        recording: StreamRecording,
        puts: Sequence[Callable[[Exchange, int], None]],
    ) -> None:
        super().__init__(streams, ready)
        self.recording = recording
        self.puts = puts

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        self.recording.request_headers(fields, end_of_stream)
        super().request_headers(fields, end_of_stream)

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        self.recording.request_body(data, end_of_stream)
        super().request_body(data, end_of_stream)

    def request_trailers(self, fields: Fields) -> None:
        self.recording.trailers(response=False)
        super().request_trailers(fields)

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = "via_upstream") -> None:
        self.recording.response_headers(fields, end_of_stream, details)
        super().response_headers(fields, end_of_stream, details)

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        self.recording.response_body(data, end_of_stream, replied=self.local_reply is not None)
        super().response_body(data, end_of_stream)

    def response_trailers(self, fields: Fields) -> None:
        self.recording.trailers(response=True)
        super().response_trailers(fields)

    def take(self) -> list[Event]:
        events = super().take()
        for event in events:
            self.recording.see(event)
        return events


@contextmanager
def recording(
    options: RecordOptions | None, log: Callable[[str], None], *, shares: int = 1, tap: Tap | None = None
) -> Iterator[Recorder | None]:
    """A recorder that writes to the folder of the options. At the end what waits is written."""
    if options is None:
        yield None if tap is None else Recorder(None, largest=LARGEST, log=log, tap=tap)
        return
    folder = RecordingFolder(options, log, shares=shares)
    try:
        yield Recorder(folder.put, largest=options.largest, log=log, tap=tap)
    finally:
        folder.close()
