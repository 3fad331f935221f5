"""Converts OpenAI's messages to Anthropic's, in which tool calls and results are content blocks."""

from __future__ import annotations

from typing import Any, Final

from ...wire.files import Data, is_text
from ...wire.json import Json
from ..pivot import chat_fields, message_content, thinking_blocks
from ..pivot.blank import is_blank

# Blocks in Anthropic's own format, which clients of OpenAI's protocol may send, too.
_OWN_BLOCKS: Final = frozenset(
    {"image", "document", "search_result", "thinking", "redacted_thinking", "tool_use", "tool_result"}
)


def messages(given: list[Json]) -> list[Json]:
    result: list[Json] = []
    for message in given:
        role = message.get("role")
        if role == "tool":
            _add_result(message, result)
        elif role == "assistant":
            blocks = _assistant(message)
            if blocks:
                result.append({"role": role, "content": blocks})
        else:
            user = message.get("content")
            # Any other role (OpenAI's old role `function`) becomes the user.
            blocks = user if isinstance(user, str) else blocks_of(user)
            if blocks or user:
                unreadable = [{"type": "text", "text": message_content.UNREADABLE}]
                result.append({"role": "user", "content": blocks or unreadable})
    return result


def _add_result(message: Json, result: list[Json]) -> None:
    """Add a tool result. The message after the calls must have the results of all of them."""
    answer = message.get("content")
    block: Json = {"type": "tool_result", "tool_use_id": message.get("tool_call_id")}
    if isinstance(answer, list) and any(isinstance(part, dict) and part.get("type") != "text" for part in answer):
        block["content"] = blocks_of(answer)
    elif not is_blank(text := message_content.text(answer)):
        block["content"] = text
    if message.get("is_error") is True:
        block["is_error"] = True
    if isinstance(cache := message.get("cache_control"), dict):
        block["cache_control"] = cache
    last = result[-1] if result else {}
    blocks = last.get("content")
    if last.get("role") == "user" and isinstance(blocks, list) and blocks and blocks[-1].get("type") == "tool_result":
        blocks.append(block)
    else:
        result.append({"role": "user", "content": [block]})


def _assistant(message: Json) -> str | list[Json]:
    """Text, thinking that is signed or encrypted (Anthropic refuses other thinking), and tool calls."""
    content = message.get("content")
    blocks = thinking_blocks.signed(message)
    uses = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in chat_fields.calls(message)
    ]
    if not blocks and not uses and isinstance(content, str):
        return content
    if uses and isinstance(content, list):
        # Some clients have each call twice: as a block of Anthropic's, and in OpenAI's field.
        content = [part for part in content if not (isinstance(part, dict) and part.get("type") == "tool_use")]
    if not content and isinstance(refusal := message.get("refusal"), str):
        content = refusal
    return [*blocks, *blocks_of(content), *uses]


def blocks_of(given: Any) -> list[Json]:
    """Converts a content to blocks. Parts without an equivalent are dropped with a log line."""
    blocks = []
    for part in message_content.parts(given):
        if (block := _block(part)) is None:
            message_content.log_dropped(part, "Claude")
            continue
        if isinstance(part.get("cache_control"), dict):
            block = {**block, "cache_control": part["cache_control"]}
        blocks.append(block)
    return blocks


def _block(part: Json) -> Json | None:
    kind = part.get("type")
    if kind in {"text", "refusal"}:
        text = part.get(kind)
        return {"type": "text", "text": text} if isinstance(text, str) else None
    if kind == "image_url":
        url = message_content.url_of(part)
        if (data := message_content.data_url(url)) is None:
            return {"type": "image", "source": {"type": "url", "url": url}}
        return {"type": "image", "source": {"type": "base64", "media_type": data.media_type, "data": data.base64}}
    if kind == "file" and isinstance(file := part.get("file"), dict):
        return _document(file)
    return dict(part) if kind in _OWN_BLOCKS else None


def _document(file: Json) -> Json | None:
    block: Json = {"type": "document"}
    if isinstance(file.get("filename"), str):
        block["title"] = file["filename"]
    if isinstance(file.get("file_data"), str):
        data = message_content.data_url(file["file_data"]) or Data("application/pdf", file["file_data"])
        if is_text(data.media_type):
            text = message_content.decoded(data.base64).decode(errors="replace")
            return {**block, "source": {"type": "text", "media_type": "text/plain", "data": text}}
        return {**block, "source": {"type": "base64", "media_type": data.media_type, "data": data.base64}}
    if isinstance(file.get("file_id"), str):
        return {**block, "source": {"type": "file", "file_id": file["file_id"]}}
    if isinstance(file.get("file_url"), str):
        return {**block, "source": {"type": "url", "url": file["file_url"]}}
    return None
