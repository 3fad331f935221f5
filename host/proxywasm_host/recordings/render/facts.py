"""What has to be known about each piece of a timeline before it is shown: it depends on the pieces before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from proxywasm.wire import Fields

from ...stream import Event, RequestBody, RequestHeaders, ResponseBody, ResponseHeaders
from ..masking import Masker
from ..replay import Answer, End, Start, Step
from .route import Hop, Route

Headers: TypeAlias = RequestHeaders | ResponseHeaders
Body: TypeAlias = RequestBody | ResponseBody


@dataclass(slots=True)
class BodyFacts:
    number: int
    """Which chunk of its message it is, from 1 on."""
    same: bool
    """The plugin has passed on exactly what it got in this step."""
    encoding: str
    """The content coding of its message; empty: none."""
    data: bytes = b""
    """With credentials masked, also those that are cut over several chunks."""


class Facts:
    def __init__(self, steps: Sequence[Step], route: Route, masker: Masker) -> None:
        self._headers: dict[Hop, Fields] = {}
        self._chunks: dict[Hop, list[Body]] = {}
        self._messages: list[list[Body]] = []
        self._before: dict[int, Fields | None] = {}
        self._bodies: dict[int, BodyFacts] = {}
        for step in steps:
            arrived: dict[Hop, bytes] = {}
            for hop, event in _pieces(step, route):
                self._note(hop, event, arrived)
        for chunks in self._messages:
            for chunk, data in zip(chunks, masker.chunks([chunk.data for chunk in chunks]), strict=True):
                self._bodies[id(chunk)].data = data

    def before(self, headers: Headers) -> Fields | None:
        """The headers that the plugin got; None: it has made a message of its own, or they come from outside."""
        return self._before[id(headers)]

    def body(self, body: Body) -> BodyFacts:
        return self._bodies[id(body)]

    def _note(self, hop: Hop, event: Event, arrived: dict[Hop, bytes]) -> None:
        start, end = hop
        source = (start - (end - start), start)  # the way on which it came to the plugin
        if isinstance(event, RequestHeaders | ResponseHeaders):
            self._before[id(event)] = self._headers.get(source)
            self._headers[hop] = event.fields
            self._begin_message(hop)
        elif isinstance(event, RequestBody | ResponseBody):
            chunks = self._chunks[hop] if hop in self._chunks else self._begin_message(hop)
            chunks.append(event)
            same = source in arrived and event.data == arrived[source]
            self._bodies[id(event)] = BodyFacts(len(chunks), same, encoding_of(self._headers.get(hop, [])))
            arrived[hop] = arrived.get(hop, b"") + event.data

    def _begin_message(self, hop: Hop) -> list[Body]:
        chunks: list[Body] = []
        self._chunks[hop] = chunks
        self._messages.append(chunks)
        return chunks


def encoding_of(headers: Fields) -> str:
    """The content coding of a message; empty: its body can be read as it is."""
    encoding = dict(headers).get("content-encoding", "")
    return "" if encoding == "identity" else encoding


def _pieces(step: Step, route: Route) -> Iterator[tuple[Hop, Event]]:
    if not isinstance(step.cause, Answer | Start | End):
        yield route.arrival(step.cause), step.cause
    for part in step.in_order():
        for event in part.passed:
            yield route.hop(part.place, event), event
