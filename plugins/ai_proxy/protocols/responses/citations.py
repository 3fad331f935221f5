"""Places citations of web pages in the texts of a response: `annotations` of `output_text`.

A citation names characters of its text, so one without a place is dropped. The places are known when the text ends.
Source: OpenAI API reference, "The response object", and `response.output_text.annotation.added`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeAlias

from proxywasm import log

from ...wire import limits
from ...wire.json import Json
from ..pivot.citations import Citation, Size

_MARKS: Final = re.compile(r"\[(?:ref_)?(\d{1,4})\]")
"""How services write the number of a source into the text."""

_Places: TypeAlias = dict[int, list[tuple[int, int]]]


class Citations:
    """Those of an answer that no text has yet."""

    __slots__ = ("_before", "_seen", "_size", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[Citation] = []
        self._seen: set[Citation] = set()
        self._size = Size()
        self._before = 0
        """The characters of the texts that have ended."""

    def add(self, citations: list[Citation]) -> None:
        for one in citations:
            if one not in self._seen:  # Services may repeat their sources in each event.
                self._size.add(one)
                self._seen.add(one)
                self._waiting.append(one)

    def end(self, text: str) -> list[Json]:
        """The annotations of a text that has ended."""
        result: list[Json] = []
        if self._waiting:
            marks: _Places = {}
            for mark in islice(_MARKS.finditer(text), limits.CITATIONS):
                marks.setdefault(int(mark[1]), []).append(mark.span())
            waiting = []
            for one in self._waiting:
                found = [self._annotation(one, *place) for place in self._places(one, len(text), marks)]
                result += found
                if not found:
                    waiting.append(one)
            self._waiting = waiting
        self._before += len(text)
        return result

    def drop(self) -> None:
        """The answer has ended."""
        if self._waiting:
            log.debug("%d citations of the answer are dropped: they have no place in its text", len(self._waiting))

    def _places(self, citation: Citation, length: int, marks: _Places) -> Iterator[tuple[int, int]]:
        if citation.start is None or citation.end is None:
            yield from marks.get(citation.number, ())
        elif citation.start >= self._before and citation.end - self._before <= length:
            yield citation.start - self._before, citation.end - self._before

    def _annotation(self, citation: Citation, start: int, end: int) -> Json:
        self._size.add(citation)
        place = {"start_index": start, "end_index": end}
        return {"type": "url_citation", **place, "url": citation.url, "title": citation.title}
