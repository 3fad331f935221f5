"""At the log level `debug`: names the fields of a service's answer that its protocol does not read, so that nothing is
lost silently. Rows declare those that are known, with the reason (`Dialect.dropped`).

The answer is read through objects that note which of their keys are looked at. At other levels nothing of this runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from proxywasm import Event, log
from proxywasm.wire import LogLevel

from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol, StreamWriter
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

    def note(self, document: Watched) -> None:
        for path in document.unread():
            if path not in self.unread:
                self.unread.add(path)
                log.debug("%s of the answer is dropped: %s", path, reason_of(path, self._dropped) or _UNKNOWN)


def reason_of(path: str, dropped: Mapping[str, str]) -> str:
    """Why a path is dropped, if that is declared. A declared path covers all below it."""
    for name, why in dropped.items():
        if path == name or path.startswith((f"{name}.", f"{name}[]")):
            return why
    return ""


def is_wanted() -> bool:
    return log.enabled_for(LogLevel.DEBUG)


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


class _Reading:
    """Passes on what the protocol writes; that counts as read, although it may be written much later."""

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer

    def delta(self, index: int, delta: Json, **more: Any) -> None:
        self._writer.delta(index, plain(delta), **plain(more))

    def finish(self, index: int, reason: str, **more: Any) -> None:
        self._writer.finish(index, reason, **plain(more))

    def usage(self, usage: Json) -> None:
        self._writer.usage(plain(usage))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_writer":
            super().__setattr__(name, value)
        else:
            setattr(self._writer, name, value)


class WatchingEvents:
    """The service protocol's `event`, with the same for the events of a stream."""

    def __init__(self, service: AnyServiceProtocol, dropped: Mapping[str, str]) -> None:
        self._service = service
        self.watch = Watch(dropped)

    def __call__(self, exchange: Exchange, state: Any, event: Event, document: Json, writer: StreamWriter, /) -> None:
        seen = Watched(document)
        self._service.event(exchange, state, event, seen, cast("StreamWriter", _Reading(writer)))
        self.watch.note(seen)
