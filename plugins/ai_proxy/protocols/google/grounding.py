"""The web pages that an answer of Google rests on, as the pivot's annotations.

Google counts their places in bytes of the answer's text in UTF-8, the pivot in characters.
Source: ai.google.dev/api/generate-content#GroundingMetadata, `Segment`; ai.google.dev, "Grounding with Google Search".
"""

from __future__ import annotations

from typing import Final

from ...wire import lenient, limits
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..pivot.citations import Citation, Size, address

_CONTINUING: Final = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that do not begin a character."""


class Texts:
    """The texts of a stream's choices, for the citations at its end."""

    __slots__ = ("_held", "_pieces", "_written")

    def __init__(self) -> None:
        self._held = 0
        self._pieces: dict[int, list[str]] = {}
        self._written: dict[int, int] = {}

    def add(self, index: int, text: str, written: str) -> None:
        """`written`: what the client gets of it, with what the gateway puts in front. Raises `ApiError` if the texts
        are too long."""
        self._held += len(text)
        if self._held > limits.HELD_TEXT:
            raise bad_upstream("the upstream's answer to a web search is too long")
        self._pieces.setdefault(index, []).append(text)
        self._written[index] = self._written.get(index, 0) + len(written)

    def cited(self, index: int, candidate: Json) -> list[Json]:
        """The annotations in an event whose text has been added."""
        if "groundingMetadata" not in candidate:
            return []
        text = "".join(self._pieces[index])
        return cited(candidate, text, self._written[index] - len(text))


def cited(candidate: Json, text: str, offset: int) -> list[Json]:
    """The annotations of a candidate whose text is known. `offset`: the characters that the client gets before it."""
    metadata = lenient.mapping(candidate.get("groundingMetadata"))
    supports = [
        (lenient.count(segment.get("startIndex")), lenient.count(segment.get("endIndex")), indices)
        for support in lenient.objects(metadata.get("groundingSupports"))
        if isinstance(segment := support.get("segment"), dict)
        and isinstance(indices := support.get("groundingChunkIndices"), list)
    ]
    if not supports:
        return []  # Most events of a stream: the whole text need not be read for each of them.
    pages = [_page(chunk) for chunk in lenient.objects(metadata.get("groundingChunks"))]
    places = _characters(text, sorted({place for start, end, _ in supports for place in (start, end)}))
    size, result = Size(), []
    for start, end, indices in supports:
        if end < start:
            continue
        for index in indices:
            if type(index) is int and 0 <= index < len(pages) and (page := pages[index]) is not None:
                citation = page._replace(start=offset + places[start], end=offset + places[end])
                size.add(citation)
                result.append(citation.annotation())
    return result


def _characters(text: str, places: list[int]) -> dict[int, int]:
    """The places in characters, by those in bytes, which are in ascending order."""
    data, result, before, count = text.encode(errors="replace"), dict[int, int](), 0, 0
    for place in places:
        count += len(data[before:place].translate(None, _CONTINUING))
        before, result[place] = place, count
    return result


def _page(chunk: Json) -> Citation | None:
    """A page of the web or of Google Maps, or a document of the customer's own store if it has an address."""
    for name in ("web", "maps", "retrievedContext"):
        page = lenient.mapping(chunk.get(name))
        if url := address(page.get("uri")):
            return Citation(url, lenient.text(page.get("title")), lenient.text(page.get("text")))
    return None
