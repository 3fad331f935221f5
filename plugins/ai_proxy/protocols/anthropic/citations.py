"""Writes citations of web pages as those of a text block.

A block has each page once: the block as a whole rests on it. `encrypted_index` is required, and only Anthropic's own
search has a value for it, so it is empty; `without_foreign` removes such citations before Anthropic gets them back.
Source: anthropic-sdk-python, `CitationsWebSearchResultLocation`; platform.claude.com, "Web search tool", "Citations".
"""

from __future__ import annotations

from typing import Final

from ...wire import lenient
from ...wire.json import Json
from ..pivot import citations

_KIND: Final = "web_search_result_location"


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
            cited: Json = {"type": _KIND, "url": one.url, "title": one.title or None}
            result.append({**cited, "cited_text": one.text, "encrypted_index": ""})
        return result


def without_foreign(body: Json) -> bool:
    """Remove citations that other services have made from a request, in place; whether there were any."""
    changed = False
    for message in lenient.objects(body.get("messages")):
        content = message.get("content")
        if message.get("role") != "assistant" or not isinstance(content, list):
            continue
        for block in content:
            if isinstance(block, dict) and "citations" in block and isinstance(given := block["citations"], list):
                kept = [one for one in given if not _is_foreign(one)]
                if len(kept) != len(given):
                    block["citations"] = kept or None
                    changed = True
    return changed


def _is_foreign(citation: object) -> bool:
    return isinstance(citation, dict) and citation.get("type") == _KIND and citation.get("encrypted_index") == ""
