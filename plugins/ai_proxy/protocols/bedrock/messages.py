"""Converts OpenAI's messages to Bedrock's. Roles have to alternate there, so messages of one role are merged."""

from __future__ import annotations

import re
from typing import Any, Final

from ...wire import lenient
from ...wire.files import Data, is_text
from ...wire.json import Json
from ..pivot import chat_fields, message_content, thinking_blocks
from ..pivot.blank import is_blank
from .cache_points import CachePoints

_FORMATS: Final = {
    "jpg": "jpeg", "plain": "txt", "markdown": "md", "msword": "doc", "vnd.ms-excel": "xls", "quicktime": "mov",
    "x-matroska": "mkv", "x-flv": "flv", "x-ms-wmv": "wmv", "3gpp": "three_gp",
}  # fmt: skip
_KNOWN: Final = {
    "image": frozenset({"png", "jpeg", "gif", "webp"}),
    "video": frozenset({"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"}),
    "document": frozenset({"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"}),
}
"""Source: AWS, "ImageBlock", "VideoBlock", "DocumentBlock"."""
_NAME: Final = re.compile(r"[^A-Za-z0-9()\[\]-]+")  # What the name of a document must not have; one blank is allowed.
_LONGEST_NAME: Final = 200
_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_EMPTY_RESULT: Final = "(no output)"


def system_blocks(given: list[Json], points: CachePoints) -> list[Json]:
    """A block for each system message, or for each part if one of them is marked for caching."""
    blocks: list[Json] = []
    for message in given:
        if not chat_fields.is_system(message):
            continue
        parts = message_content.parts(message.get("content"))
        if not any(part.get("cache_control") for part in parts):
            parts = [{"text": message_content.text(message.get("content"))}]
        for part in parts:
            if isinstance(text := part.get("text"), str) and text:
                blocks += [{"text": text}, *points.after("system", part)]
    return blocks


def messages(given: list[Json], points: CachePoints) -> list[Json]:
    result: list[Json] = []
    documents: set[str] = set()
    for message in given:
        role = message.get("role")
        if role == "tool":
            blocks = [_result(message, documents), *points.after("messages", message)]
        elif role == "assistant":
            blocks = _assistant(message, documents, points)
        else:
            content = message.get("content")
            blocks = _blocks(content, documents, points)
            if not blocks and content:
                blocks = [{"text": message_content.UNREADABLE}]
        side = "assistant" if role == "assistant" else "user"
        if result and result[-1]["role"] == side:
            result[-1]["content"] += blocks
        elif blocks:
            result.append({"role": side, "content": blocks})
    for message in result:
        _name_documents(message["content"])
    return result


def _name_documents(blocks: list[Json]) -> None:
    """Add a text to documents without any: AWS demands it. Source: AWS, "DocumentBlock"."""
    names = [block["document"]["name"] for block in blocks if "document" in block]
    if names and not any("text" in block for block in blocks):
        blocks.append({"text": ", ".join(names)})


def _result(message: Json, documents: set[str]) -> Json:
    # A result needs a content, and a text one that is not blank.
    blocks = _blocks(message.get("content"), documents) or [{"text": _EMPTY_RESULT}]
    result: Json = {"toolUseId": message.get("tool_call_id"), "content": blocks}
    if message.get("is_error") is True:
        result["status"] = "error"
    return {"toolResult": result}


def _assistant(message: Json, documents: set[str], points: CachePoints) -> list[Json]:
    blocks = [_thinking_block(block) for block in thinking_blocks.signed(message)]
    blocks += _blocks(message.get("content"), documents, points)
    for call in chat_fields.calls(message):
        blocks.append({"toolUse": {"input": call.arguments, "name": call.name, "toolUseId": call.id}})
    return blocks


def _thinking_block(block: Json) -> Json:
    """Source: AWS, "ReasoningContentBlock"."""
    if block["type"] == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": block["data"]}}
    return {"reasoningContent": {"reasoningText": {"text": block["thinking"], "signature": block["signature"]}}}


def _blocks(given: Any, documents: set[str], points: CachePoints | None = None) -> list[Json]:
    """Converts a content to blocks. Parts without an equivalent are dropped with a log line. Without `points`, as in
    tool results, marks for caching are ignored.

    `documents`: the names of documents in the conversation so far, which must differ.
    """
    blocks = []
    for part in message_content.parts(given):
        if part.get("type") in {"text", "refusal"} and is_blank(lenient.text(part.get(part["type"]))):
            continue  # AWS refuses blocks without text.
        if (block := _block(part, documents)) is not None:
            blocks.append(block)
            blocks += points.after("messages", part) if points else ()
        else:
            message_content.log_dropped(part, "Bedrock, unless it is given as data,")
    return blocks


def _block(part: Json, documents: set[str]) -> Json | None:
    kind = part.get("type")
    if kind in {"text", "refusal"}:
        text = part.get(kind)
        return {"text": text} if isinstance(text, str) else None
    if kind in {"image_url", "video_url"}:
        return _media("image" if kind == "image_url" else "video", message_content.url_of(part))
    if kind == "file" and isinstance(file := part.get("file"), dict) and isinstance(file.get("file_data"), str):
        data = message_content.data_url(file["file_data"]) or Data("application/pdf", file["file_data"])
        if (document_format := _format("document", data.media_type)) is None:
            return None
        name = _name(lenient.text(file.get("filename")), documents)
        return {"document": {"format": document_format, "name": name, "source": {"bytes": data.base64}}}
    return None


def _name(file_name: str, documents: set[str]) -> str:
    """A name that AWS accepts and no other document of the conversation has. Source: AWS, "DocumentBlock", `name`."""
    name = _NAME.sub(" ", _ENDING.sub("", file_name)).strip()[:_LONGEST_NAME].strip() or "document"
    number, unique = 1, name
    while unique in documents:
        number += 1
        ending = f" ({number})"
        unique = name[: _LONGEST_NAME - len(ending)] + ending
    documents.add(unique)
    return unique


def _media(kind: str, url: str) -> Json | None:
    """An image or video as data or as an address in S3. AWS fetches files from S3 only."""
    if url.startswith("s3://"):
        suffix = url.rpartition(".")[2].lower()
        return {kind: {"format": _FORMATS.get(suffix, suffix), "source": {"s3Location": {"uri": url}}}}
    data = message_content.data_url(url)
    name = None if data is None else _format(kind, data.media_type)
    if data is None or name is None:
        return None
    return {kind: {"format": name, "source": {"bytes": data.base64}}}


def _format(kind: str, media_type: str) -> str | None:
    """AWS' name of a media type; None for one that it does not accept."""
    subtype = media_type.partition("/")[2].partition(";")[0].lower()
    if subtype.startswith("vnd.openxmlformats"):
        name = "xlsx" if "sheet" in subtype else "docx"
    else:
        name = _FORMATS.get(subtype, subtype)
    if name in _KNOWN[kind]:
        return name
    return "txt" if kind == "document" and is_text(media_type) else None
