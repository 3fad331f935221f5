"""Writes citations of web pages as those of a text block.

A block has each page once: the block as a whole rests on it. `encrypted_index` is required, and only Anthropic's own
search has a value for it, so it is empty; `without_foreign_citations` of `pivot.claude` removes such citations before
Anthropic gets them back.
Source: anthropic-sdk-python, `CitationsWebSearchResultLocation`; platform.claude.com, "Web search tool", "Citations".
"""

from __future__ import annotations

from ...wire.json import Json
from ..pivot import citations
from ..pivot.claude import CITED_PAGE


class Cited:
    """The pages that a text block cites."""

    __slots__ = ("_seen", "_size")

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._size = citations.Size()

    def new(self, message: Json) -> list[Json]:
        """The citations of a message or a delta that the block does not have yet."""
        result = []
        for one in citations.of_message(message):
            if (one.url, one.text) in self._seen:
                continue
            self._seen.add((one.url, one.text))
            self._size.add(one)
            cited: Json = {"type": CITED_PAGE, "url": one.url, "title": one.title or None}
            result.append({**cited, "cited_text": one.text, "encrypted_index": ""})
        return result
