"""The web pages that an answer of Bedrock rests on. Blocks with citations have their text inside.

Source: docs.aws.amazon.com/bedrock/latest/APIReference: `CitationsContentBlock`, `CitationLocation`, `CitationsDelta`.
"""

from __future__ import annotations

from ...wire import lenient
from ...wire.json import Json
from ..pivot.citations import CitedText, address


def text_of(content: Json) -> str:
    """The text of a `citationsContent`."""
    return "".join(lenient.text(part.get("text")) for part in lenient.objects(content.get("content")))


def annotated(blocks: list[tuple[str, Json]], offset: int) -> list[Json]:
    """`blocks`: each text with its `citationsContent`. `offset`: the characters of the answer before them."""
    cited, result = CitedText(), list[Json]()
    cited.length = offset
    for text, content in blocks:
        cited.begin()
        cited.length += len(text)
        for citation in lenient.objects(content.get("citations")):
            cite(cited, citation)
        result += cited.end()
    return result


def cite(cited: CitedText, citation: Json) -> None:
    """Add a citation of a web page, or of a search result with an address. OpenAI's chats cite no documents."""
    page = lenient.mapping(lenient.mapping(citation.get("location")).get("web"))
    if url := address(page.get("url")) or address(citation.get("source")):
        quoted = "".join(lenient.text(part.get("text")) for part in lenient.objects(citation.get("sourceContent")))
        cited.cite(url, lenient.text(citation.get("title")), quoted)
