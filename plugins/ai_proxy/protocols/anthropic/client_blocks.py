"""Converts the blocks of Anthropic's messages to parts of a content.

Source: platform.claude.com, "Create a Message", `ContentBlockParam`. Blocks for which OpenAI has no part become texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from proxywasm import log

from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.files import registered
from ...wire.json import Json

_UNSAID: Final = frozenset({"thinking", "redacted_thinking", "server_tool_use", "mcp_tool_use", "container_upload"})
"""Blocks without a text for other models: thinking, calls of tools that Anthropic ran, its own files."""


_FILES: Final = frozenset({"image", "document"})


def parts(blocks: list[Any], where: str) -> list[Json]:
    """Converts blocks to parts. Blocks without an equivalent are dropped with a log line. Raises `ApiError`."""
    result = []
    for block in blocks:
        if not isinstance(block, dict):
            raise ApiError(400, f"{where}: a content block must be an object", param=where)
        converted = _parts(block)
        if not converted:
            log.warn("%s: content block of type %s dropped: OpenAI has none like it", where, block.get("type"))
            continue
        if block.get("cache_control") is not None:
            converted[-1]["cache_control"] = block["cache_control"]
        result += converted
    return result


def _parts(block: Json) -> list[Json]:
    kind, source = lenient.text(block.get("type")), block.get("source")
    if kind == "text":
        return [_text(str(block.get("text") or ""))]
    if kind == "search_result":
        # Here `source` is a text.
        return _joined([lenient.text(block.get("title")), lenient.text(source), *_texts(block.get("content"))])
    if kind == "tool_reference":
        return _joined([lenient.text(block.get("tool_name"))])
    if kind in _FILES and isinstance(source, dict) and source.get("type") == "file" and source.get("file_id"):
        # The service says so if it does not have the file: without it, the answer would mislead.
        return [{"type": "file", "file": {**_name(block), "file_id": source["file_id"]}}]
    if kind == "image" and isinstance(source, dict):
        return [{"type": "image_url", "image_url": {"url": url}}] if (url := _url(source)) else []
    if kind == "document" and isinstance(source, dict):
        return _document(block, source)
    if kind in _UNSAID:
        return []
    # Results of tools that Anthropic ran, and blocks of later versions: what is text in them.
    return _joined([*_texts(block.get("content"))])


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _joined(texts: list[str]) -> list[Json]:
    text = "\n".join(filter(None, texts))
    return [_text(text)] if text else []


def _texts(content: Any) -> Iterator[str]:
    """The texts of a content: those of text blocks, title and address of search results, output of programs."""
    if isinstance(content, str):
        yield content
    for item in lenient.objects([content] if isinstance(content, dict) else content):
        for name in ("title", "url", "text", "stdout", "stderr"):
            if text := lenient.text(item.get(name)):
                yield text
        yield from _texts(item.get("content"))


def _document(block: Json, source: Json) -> list[Json]:
    kind, title = source.get("type"), lenient.text(block.get("title"))
    about = list(filter(None, (title, lenient.text(block.get("context")))))
    if kind == "text":
        return _with_title(about, [_text(str(source.get("data") or ""))])
    if kind == "content":
        content = source.get("content")
        inner = [_text(content)] if isinstance(content, str) else _inner(content)
        return _with_title(about, inner)
    file = _name(block)
    if kind == "base64":
        return [{"type": "file", "file": {"filename": "document.pdf", **file, "file_data": _url(source)}}]
    if kind == "url" and (url := lenient.text(source.get("url"))):
        return [{"type": "file", "file": {**file, "file_url": url}}]
    return []


def _name(block: Json) -> Json:
    title = lenient.text(block.get("title"))
    return {"filename": title} if title else {}


def _inner(content: Any) -> list[Json]:
    """The blocks of a document: texts, joined, and images."""
    result: list[Json] = []
    for part in (part for block in lenient.objects(content) for part in _parts(block)):
        if part["type"] == "text" and result and result[-1]["type"] == "text":
            result[-1] = _text(f"{result[-1]['text']}\n{part['text']}")
        else:
            result.append(part)
    return result


def _with_title(about: list[str], content: list[Json]) -> list[Json]:
    """A document's title and what the client says of it, in front of its text."""
    if not about or not content:
        return content
    first, *rest = content
    head = "\n".join(about)
    if first["type"] != "text":
        return [_text(head), *content]
    return [_text(f"{head}\n{first['text']}"), *rest]


def _url(source: Json) -> str:
    if source.get("type") == "base64" and source.get("data"):
        return f"data:{registered(str(source.get('media_type') or ''))};base64,{source['data']}"
    return str(source.get("url") or "") if source.get("type") == "url" else ""
