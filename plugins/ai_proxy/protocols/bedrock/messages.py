"""Converts OpenAI's messages to Bedrock's. Roles have to alternate there, so messages of one role are merged."""

from __future__ import annotations

import re
from typing import Any, Final

from ...wire.files import Data
from ...wire.json import Json
from ..pivot import chat_fields, message_content, thinking_blocks
from .cache_points import CachePoints

_FORMATS: Final = {"jpg": "jpeg", "plain": "txt", "markdown": "md", "msword": "doc", "vnd.ms-excel": "xls"}
_NAME: Final = re.compile(r"[^A-Za-z0-9()\[\] -]")  # Characters that the name of a document must not have.


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
    for message in given:
        role = message.get("role")
        if role == "tool":
            blocks = [_result(message), *points.after("messages", message)]
        elif role == "assistant":
            blocks = _assistant(message, points)
        else:
            blocks = _blocks(message.get("content"), points)
        side = "assistant" if role == "assistant" else "user"
        if result and result[-1]["role"] == side:
            result[-1]["content"] += blocks
        elif blocks:
            result.append({"role": side, "content": blocks})
    return result


def _result(message: Json) -> Json:
    blocks = _blocks(message.get("content"))
    call_id = message.get("tool_call_id")
    return {"toolResult": {"toolUseId": call_id, "content": blocks or [{"text": ""}]}}


def _assistant(message: Json, points: CachePoints) -> list[Json]:
    blocks = [_thinking_block(block) for block in thinking_blocks.signed(message)]
    blocks += _blocks(message.get("content"), points)
    for call in chat_fields.calls(message):
        blocks.append({"toolUse": {"input": call.arguments, "name": call.name, "toolUseId": call.id}})
    return blocks


def _thinking_block(block: Json) -> Json:
    """Source: AWS, "ReasoningContentBlock"."""
    if block["type"] == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": block["data"]}}
    return {"reasoningContent": {"reasoningText": {"text": block["thinking"], "signature": block["signature"]}}}


def _blocks(given: Any, points: CachePoints | None = None) -> list[Json]:
    """Converts a content to blocks. Parts without an equivalent are dropped with a log line. Without `points`, as in
    tool results, marks for caching are ignored.
    """
    blocks = []
    for part in message_content.parts(given):
        if part.get("type") in {"text", "refusal"} and not part.get(part["type"]):
            continue  # AWS refuses blocks without text.
        if (block := _block(part)) is not None:
            blocks.append(block)
            blocks += points.after("messages", part) if points else ()
        else:
            message_content.log_dropped(part, "Bedrock, unless it is given as data,")
    return blocks


def _block(part: Json) -> Json | None:
    kind = part.get("type")
    if kind in {"text", "refusal"}:
        text = part.get(kind)
        return {"text": text} if isinstance(text, str) else None
    if kind in {"image_url", "video_url"}:
        return _media("image" if kind == "image_url" else "video", message_content.url_of(part))
    if kind == "file" and isinstance(file := part.get("file"), dict) and isinstance(file.get("file_data"), str):
        data = message_content.data_url(file["file_data"]) or Data("application/pdf", file["file_data"])
        name = _NAME.sub(" ", str(file.get("filename") or "document").rpartition(".")[0]).strip() or "document"
        document = {"format": _format(data.media_type), "name": name, "source": {"bytes": data.base64}}
        return {"document": document}
    return None


def _media(kind: str, url: str) -> Json | None:
    """An image or video as data or as an address in S3. AWS fetches files from S3 only."""
    if url.startswith("s3://"):
        suffix = url.rpartition(".")[2].lower()
        return {kind: {"format": _FORMATS.get(suffix, suffix), "source": {"s3Location": {"uri": url}}}}
    data = message_content.data_url(url)
    return data and {kind: {"format": _format(data.media_type), "source": {"bytes": data.base64}}}


def _format(media_type: str) -> str:
    subtype = media_type.partition("/")[2].partition(";")[0].lower()
    if subtype.startswith("vnd.openxmlformats"):
        return "xlsx" if "sheet" in subtype else "docx"
    return _FORMATS.get(subtype, subtype)
