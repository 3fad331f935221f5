"""The sources of an answer that services with OpenAI's protocol list beside it, with the numbers that the text uses.

Source: github.com/perplexityai/perplexity-node, `StreamChunk` (`search_results`, `citations`); docs.x.ai, "Live Search"
(`citations`); docs.bigmodel.cn, "Chat Completion" (`web_search`).
"""

from __future__ import annotations

import re
from typing import Final

from ...wire import lenient
from ...wire.json import Json
from ..pivot.citations import Citation, address

_NUMBER: Final = re.compile(r"\d{1,4}")


def listed(document: Json) -> list[Json]:
    """The sources in a whole answer or an event of a stream, in the pivot's terms."""
    if not ("search_results" in document or "citations" in document or "web_search" in document):
        return []  # As mostly.
    found = lenient.objects(document.get("search_results")) or lenient.objects(document.get("web_search"))
    if found:
        sources = [_source(one, position) for position, one in enumerate(found, 1)]
    else:
        given = document.get("citations")
        addresses = map(address, given if isinstance(given, list) else [])
        sources = [Citation(one, number=number) for number, one in enumerate(addresses, 1)]
    return [source.annotation() for source in sources if source.url]


def _source(given: Json, position: int) -> Citation:
    said = given.get("index") or given.get("refer")
    number = _NUMBER.search(str(said)) if isinstance(said, (int, str)) else None
    return Citation(
        address(given.get("url")) or address(given.get("link")),
        lenient.text(given.get("title")),
        lenient.text(given.get("snippet")) or lenient.text(given.get("content")),
        number=int(number[0]) if number else position,
    )
