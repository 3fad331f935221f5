"""Show pieces of messages: headers, and how a plugin has changed them; chunks; call-outs and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from proxywasm.wire import Fields

from ...services import HttpCall
from ...stream import (
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
from ..exchange import Message
from ..masking import Masker
from ..replay import Call
from . import content
from .facts import BodyFacts, Facts, encoding_of
from .field_changes import changes
from .lines import QUIET, Lines
from .route import Hop, Route

_MOST: Final = 400
"""Characters of a body that are shown."""
_HEADER: Final = 4
"""Lines of a header that are shown on a terminal."""
_DEEPER: Final = 2
_ROUTE: Final = "bold cyan"


class Pieces:
    """`full`: bodies are shown as a whole."""

    def __init__(self, lines: Lines, masker: Masker, route: Route, facts: Facts, *, full: bool) -> None:
        self._lines, self._masker, self._route, self._facts, self._full = lines, masker, route, facts, full
        self._most = 0 if full else _HEADER

    def show(self, hop: Hop, events: Sequence[Event], indent: int, *, first: str = "", style: str = "") -> None:
        """Headers, the body that goes on together with them, or anything else; `first` precedes the first line."""
        deeper = indent + len(first) + _DEEPER
        for event in events:
            self._lines.line(
                Text.assemble((f"{self._route.label(hop)} ", _ROUTE), self._title(event)),
                indent if first else deeper - _DEEPER,
                first=first,
                first_style=style,
            )
            self._content(event, deeper)
            first = ""

    def unchanged(self, places: Sequence[int], event: Event, indent: int) -> None:
        """These plugins, one after another, have passed on what has come; `event` is what left the last of them."""
        hop = self._route.hop(places[-1], event)
        label = " → ".join([self._route.name(place) for place in (*places, hop[1])])
        self._lines.line(Text.assemble((f"{label} ", _ROUTE), ("as it came", QUIET)), indent)

    def passes(self, events: Sequence[Event]) -> bool:
        """A chunk as it came, and nothing else."""
        return [self._facts.body(each).same for each in events if isinstance(each, RequestBody | ResponseBody)] == [
            True
        ] and len(events) == 1

    def call(self, name: str, call: Call, indent: int) -> None:
        title = Text.assemble((f"{name} → {call.cluster} ", _ROUTE))
        if not isinstance(call, HttpCall):
            self._lines.line(title.append("a Redis command"), indent)
            return
        title.append_text(self._request_line(call.headers)).append(f", within {call.timeout_ms:,} ms", QUIET)
        self._lines.line(title, indent)
        self._fields(call.headers, indent + _DEEPER)
        self._body(self._masker.chunks([call.body])[0], indent + _DEEPER)

    def answer(self, name: str, call: Call, message: Message | None, first: str, style: str) -> None:
        title = Text.assemble((f"{call.cluster} → {name} ", _ROUTE))
        indent = len(first) + _DEEPER
        if message is None:
            title.append("no answer: the recording has none", "red")
            self._lines.line(title, first=first, first_style=style)
            return
        encoding = encoding_of(message.headers)
        size = f"{_size(sum(map(len, message.body)))}{f' of {encoding}' if encoding else ''}"
        title.append(_status(message.headers), "bold").append(size, QUIET)
        self._lines.line(title, first=first, first_style=style)
        self._fields(message.headers, indent)
        if not encoding:
            self._body(b"".join(self._masker.chunks(message.body)), indent)

    def _title(self, event: Event) -> Text:
        match event:
            case RequestHeaders(fields, end):
                return self._request_line(fields).append(", without a body" if end else "", QUIET)
            case ResponseHeaders(fields, end):
                return Text(_status(fields), "bold").append(", without a body" if end else "", QUIET)
            case RequestBody(data, end) | ResponseBody(data, end):
                return Text(_chunk_title(len(data), self._facts.body(event), end), QUIET)
            case InformationalResponse(fields):
                return Text(f"{_status(fields)}, ahead of the response")
            case RequestTrailers() | ResponseTrailers():
                return Text("trailers")
            case CloseUpstream():
                return Text("the request is cancelled", "yellow")
            case StartOver():
                return Text("this request is given up, another one follows", "yellow")
            case Reset(reason):
                return Text(f"the connection is broken: {self._masker.text(reason)}", "red")

    def _content(self, event: Event, indent: int) -> None:
        match event:
            case RequestHeaders(fields) | ResponseHeaders(fields):
                before = self._facts.before(event)
                if before is None:
                    self._fields(fields, indent)
                else:
                    self._changes(before, fields, indent)
            case RequestTrailers(fields) | ResponseTrailers(fields) | InformationalResponse(fields):
                self._fields(fields, indent)
            case RequestBody(_, end) | ResponseBody(_, end):
                facts = self._facts.body(event)
                if not facts.same and not facts.encoding:
                    self._body(facts.data, indent, part=not (end and facts.number == 1))
            case _:
                pass

    def _request_line(self, fields: Fields) -> Text:
        found = dict(fields)
        target = self._masker.text(f"{found.get(':authority', '')}{found.get(':path', '')}")
        return Text.assemble((f"{found.get(':method', '')} ", "bold"), target)

    def _fields(self, fields: Fields, indent: int) -> None:
        for name, value in fields:
            if not name.startswith(":"):
                self._lines.line(Text(f"{name}: {self._masker.header(name, value)}", QUIET), indent, most=self._most)

    def _changes(self, before: Fields, after: Fields, indent: int) -> None:
        """Which headers the plugin has set, changed or removed."""
        found, same = changes(before, after)
        for sign, name, values in found:
            style = {"+": "green", "-": "red", "~": "yellow"}[sign]
            shown = " → ".join(self._masker.header(name, value) for value in values)
            self._lines.line(
                Text(f"{name}: {shown}", style), indent, first=f"{sign} ", first_style=style, most=self._most
            )
        if same:
            plural = "" if same == 1 else "s"
            self._lines.line(Text(f"{same} header{plural} unchanged", QUIET), indent)

    def _body(self, data: bytes, indent: int, *, part: bool = False) -> None:
        if not data:
            return
        lines = content.chunk(data, self._masker) if part else content.whole_body(data, self._masker)
        room = sum(map(len, lines)) if self._full else _MOST
        for place, line in enumerate(lines):
            if len(line) > room or not room:
                left = sum(map(len, lines[place:])) - room
                self._lines.line(line[:room], indent)
                self._lines.line(Text(f"… {left:,} characters more (--full shows them)", QUIET), indent)
                return
            self._lines.line(line, indent)
            room -= len(line)


def _status(fields: Fields) -> str:
    return dict(fields).get(":status", "?")


def _size(size: int) -> str:
    return f", {size:,} byte{'' if size == 1 else 's'}"


def _chunk_title(size: int, facts: BodyFacts, end: bool) -> str:
    if end and not size and facts.number > 1:
        return "the end"
    title = "body" if end and facts.number == 1 else f"chunk {facts.number}"
    encoding = f" of {facts.encoding}" if facts.encoding else ""
    same = ", as it came" if facts.same else ""
    last = ", the end" if end and facts.number > 1 else ""
    return f"{title}{_size(size)}{encoding}{last}{same}"
