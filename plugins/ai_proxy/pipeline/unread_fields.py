"""At the log level `debug`: names the fields of an answer that the protocol of its service does not read, and those of
the pivot that the protocol of its client does not, so that nothing is lost silently. Rows and client protocols declare
those that are known, with the reason (`Dialect.dropped`, `ClientProtocol.dropped`).

The answer is read through objects that note which of their keys are looked at. At other levels nothing of this runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from proxywasm import Event, log
from proxywasm.wire import LogLevel

from ..protocols.exchange import ClientProtocol, Exchange
from ..protocols.interface import AnyServiceProtocol, StreamWriter
from ..protocols.passing_writer import PassingWriter
from ..wire.errors import ApiError
from ..wire.json import Json

_UNKNOWN: Final = "the protocol does not know it"


class Watched(dict[str, Any]):
    """An object of an answer that notes its keys that are read."""

    def __init__(self, given: Json) -> None:
        super().__init__({name: watched(value) for name, value in given.items()})
        self.seen: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.seen.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.seen.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self.seen.add(name)
        return super().pop(name, *default)

    def __iter__(self) -> Iterator[str]:
        self.seen.update(super().keys())
        return super().__iter__()

    def keys(self) -> Any:
        self.seen.update(super().keys())
        return super().keys()

    def items(self) -> Any:
        self.seen.update(super().keys())
        return super().items()

    def values(self) -> Any:
        self.seen.update(super().keys())
        return super().values()

    def unread(self, path: str = "") -> Iterator[str]:
        """The paths of keys that nothing has read. What is below such a key is not listed."""
        for name in dict.keys(self):
            where = f"{path}.{name}" if path else name
            if name not in self.seen:
                yield where
            else:
                yield from _below(dict.__getitem__(self, name), where)


def watched(value: Any) -> Any:
    if isinstance(value, dict):
        return Watched(value)
    return [watched(one) for one in value] if isinstance(value, list) else value


def _below(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Watched):
        yield from value.unread(path)
    elif isinstance(value, list):
        for one in value:
            yield from _below(one, f"{path}[]")


class Watch:
    """Notes the unread fields of one answer; each is logged once."""

    def __init__(self, dropped: Mapping[str, str]) -> None:
        self._dropped = dropped
        self.unread: set[str] = set()

    def note(self, document: Watched, where: str = "") -> None:
        """`where`: the path of the document in the answer."""
        for path in document.unread(where):
            self.add(path)

    def add(self, path: str) -> None:
        if path not in self.unread:
            self.unread.add(path)
            log.debug("%s of the answer is dropped: %s", path, reason_of(path, self._dropped) or _UNKNOWN)


def reason_of(path: str, dropped: Mapping[str, str]) -> str:
    """Why a path is dropped, if that is declared. A declared path covers all below it."""
    for name, why in dropped.items():
        if path == name or path.startswith((f"{name}.", f"{name}[]")):
            return why
    return ""


is_wanted: Final = partial(log.enabled_for, LogLevel.DEBUG)


def answer(service: AnyServiceProtocol, exchange: Exchange, document: Json, dropped: Mapping[str, str]) -> Json:
    """The service protocol's `response`, with a line in the log for each field that it does not read."""
    seen = Watched(document)
    converted = service.response(exchange, seen)
    # What is passed on as it is counts as read.
    result: Json = plain(converted)
    Watch(dropped).note(seen)
    return result


def plain(value: Any) -> Any:
    """A copy without watched objects; reads all of them."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


class _Reading(PassingWriter):
    """Passes on what the protocol writes; that counts as read, although it may be written much later."""

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        self._writer.delta(index, plain(delta), logprobs=plain(logprobs), usage=plain(usage))

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        self._writer.finish(index, reason, delta=plain(delta), usage=plain(usage))

    def usage(self, usage: Json) -> None:
        self._writer.usage(plain(usage))


class WatchingEvents:
    """The service protocol's `event`, with the same for the events of a stream."""

    def __init__(self, service: AnyServiceProtocol, dropped: Mapping[str, str]) -> None:
        self._service = service
        self.watch = Watch(dropped)

    def __call__(self, exchange: Exchange, state: Any, event: Event, document: Json, writer: StreamWriter, /) -> None:
        seen = Watched(document)
        self._service.event(exchange, state, event, seen, _Reading(writer))
        self.watch.note(seen)


def client_answer(client: ClientProtocol, exchange: Exchange, answer: Json, watch: Watch) -> Json:
    """The client protocol's `response`, with a line in the log for each field of the pivot that it does not read."""
    seen = Watched(answer)
    result: Json = plain(client.response(exchange, seen))
    choices = dict.get(seen, "choices")
    if isinstance(choices, list) and len(choices) > 1:
        del choices[1:]
        watch.add(OTHER_CHOICES)
    watch.note(seen)
    return result


OTHER_CHOICES: Final = "choices[1:]"
_CHOICE: Final = "choices[]"


class WatchingWriter(PassingWriter):
    """The same for the deltas of a stream, which have the paths of messages. Of the usage the last one counts."""

    def __init__(self, client: ClientProtocol, writer: StreamWriter) -> None:
        super().__init__(writer)
        self.watch = Watch(client.dropped)
        self._usage: Watched | None = None

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        seen = Watched({"message": delta, "logprobs": logprobs})
        self._writer.delta(index, seen["message"], logprobs=seen["logprobs"], usage=self._last(usage))
        self._note(index, seen)

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        seen = Watched({"message": delta or {}})
        self._writer.finish(index, reason, delta=seen["message"], usage=self._last(usage))
        self._note(index, seen)

    def usage(self, usage: Json) -> None:
        self._usage = Watched(usage)
        self._writer.usage(self._usage)
        self._note_end()

    def done(self) -> None:
        self._writer.done()
        self._note_end()

    def fail(self, error: ApiError) -> None:
        self._writer.fail(error)
        self._note_end()

    def _last(self, usage: Json | None) -> Json | None:
        if usage is not None:
            self._usage = Watched(usage)
        return self._usage if usage is not None else None

    def _note(self, index: int, seen: Watched) -> None:
        if index:
            self.watch.add(OTHER_CHOICES)
        else:
            self.watch.note(seen, _CHOICE)

    def _note_end(self) -> None:
        if self._writer.closed and self._usage is not None:
            self.watch.note(self._usage, "usage")
            self._usage = None
