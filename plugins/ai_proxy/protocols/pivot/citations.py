"""Citations of web pages: `annotations` of a message, in a stream of a delta.

Each says which characters of the message's text it belongs to. Services that number their sources and write the numbers
into the text (`[1]`) say it by that number; clients that do not ask for a place get these sources, too.
Source: OpenAI API reference, "The chat completion object", `message.annotations`; openrouter.ai/docs, "Web Search", for
`content`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ...wire import lenient, limits
from ...wire.errors import bad_upstream
from ...wire.json import Json

_KIND: Final = "url_citation"


def address(given: Any) -> str:
    """The address of a web page; empty if it is something else: services cite files and ids, too, and no client should
    make a link of anything that is not a page.
    """
    return given if isinstance(given, str) and given.startswith(("https://", "http://")) else ""


class Citation(NamedTuple):
    """A web page that a part of an answer rests on."""

    url: str
    title: str = ""
    text: str = ""
    """What the page says, if the service quotes it."""
    start: int | None = None
    """The first character of the part; None: `number` is in the text."""
    end: int | None = None
    """The character after the part."""
    number: int = 0
    """By which the text names the page, from 1 on; 0: it does not."""

    def annotation(self) -> Json:
        cited: Json = {"url": self.url, "title": self.title}
        if self.start is not None:
            cited |= {"start_index": self.start, "end_index": self.end}
        elif self.number:
            cited["number"] = self.number
        if self.text:
            cited["content"] = self.text
        return {"type": _KIND, _KIND: cited}


class Size:
    """Limits what the citations of one answer add to it: a service may name one page in many places."""

    __slots__ = ("_characters", "_number")

    def __init__(self) -> None:
        self._characters = self._number = 0

    def add(self, citation: Citation) -> None:
        """Raises `ApiError` if it is too much."""
        self._number += 1
        self._characters += len(citation.url) + len(citation.title) + len(citation.text)
        if self._number > limits.CITATIONS or self._characters > limits.CITED_TEXT:
            raise bad_upstream("the upstream's answer has too many citations")


def of_message(message: Json) -> list[Citation]:
    """The citations of a message or a delta; annotations of other kinds are ignored."""
    return [
        citation
        for one in lenient.objects(message.get("annotations"))
        if one.get("type") == _KIND and (citation := _citation(one)).url
    ]


def _citation(annotation: Json) -> Citation:
    # The Responses API, and services that follow it in their chats, have these fields beside the type.
    cited = annotation[_KIND] if isinstance(annotation.get(_KIND), dict) else annotation
    start, end = _place(cited.get("start_index")), _place(cited.get("end_index"))
    known = start is not None and end is not None and start <= end
    return Citation(
        address(cited.get("url")),
        lenient.text(cited.get("title")),
        lenient.text(cited.get("content")),
        start if known else None,
        end if known else None,
        lenient.count(cited.get("number")),
    )


def _place(given: Any) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else None


class CitedText:
    """Where the citations of a text belong, for services that cite in blocks of text: to all of the block."""

    __slots__ = ("_size", "_start", "_waiting", "length")

    def __init__(self) -> None:
        self._size = Size()
        self.length = 0
        """The characters of the answer so far."""
        self._start = 0
        self._waiting: list[Citation] = []

    def begin(self, already: int = 0) -> None:
        """A block of text has begun; these characters of `length` are its own."""
        self._start = self.length - already

    def cite(self, url: str, title: str, text: str) -> None:
        if url:
            self._waiting.append(Citation(url, title, text))
            self._size.add(self._waiting[-1])

    def end(self) -> list[Json]:
        """The block has ended: its annotations."""
        if not self._waiting:
            return []
        placed = [one._replace(start=self._start, end=self.length).annotation() for one in self._waiting]
        self._waiting = []
        return placed
