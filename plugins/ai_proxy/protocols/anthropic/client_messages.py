"""Converts Anthropic's messages to OpenAI's.

A message of Anthropic's is a list of blocks. In OpenAI's protocol, tool results are messages of their own, and tool
calls are a field of the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...wire.errors import ApiError
from ...wire.json import Json, dumps
from ..pivot import thinking_blocks
from ..pivot.identifiers import unescaped_id
from .client_blocks import parts


def messages(given: list[Any], *, signed: bool) -> Iterator[Json]:
    """`signed`: include thinking with its signatures; services that do not know signatures refuse them."""
    for index, message in enumerate(given):
        where = f"messages[{index}]"
        if not isinstance(message, dict):
            raise ApiError(400, f"{where} must be an object", param=where)
        role, content = message.get("role"), message.get("content")
        if not isinstance(content, list):
            yield {"role": role, "content": content}
            continue
        blocks = [block for block in content if isinstance(block, dict)]
        if len(blocks) < len(content) or not all(isinstance(block.get("type"), str) for block in blocks):
            raise ApiError(400, f"{where}.content must be text or an array of objects with a type", param=where)
        kinds = {block.get("type") for block in blocks}
        if role == "assistant":
            yield from _assistant(blocks, where, signed=signed)
        elif "tool_result" in kinds:
            yield from _results(blocks, where)
        else:
            yield {"role": role, "content": parts(blocks, where)}


def _assistant(blocks: list[Json], where: str, *, signed: bool) -> Iterator[Json]:
    message: Json = {"role": "assistant"}
    calls = [
        {
            "index": position,
            "id": _id(block.get("id")),
            "type": "function",
            "function": {"name": block.get("name"), "arguments": dumps(block.get("input") or {})},
        }
        for position, block in enumerate(block for block in blocks if block.get("type") == "tool_use")
    ]
    rest = [block for block in blocks if block.get("type") not in {"thinking", "redacted_thinking", "tool_use"}]
    content = parts(rest, where)
    if calls:
        if texts := [part["text"] for part in content if part.get("text")]:
            message["content"] = "\n\n".join(texts)
        message["tool_calls"] = calls
    elif content:
        message["content"] = content
    if signed:
        message |= thinking_blocks.fields(thinking_blocks.signed({"thinking_blocks": blocks}))
    if len(message) > 1:
        yield message


def _results(blocks: list[Json], where: str) -> Iterator[Json]:
    """A message for each tool result. OpenAI's tool results are text only: images go to the next user message."""
    rest: list[Json] = []
    for block in blocks:
        if block.get("type") != "tool_result":
            rest += parts([block], where)
            continue
        content = block.get("content")
        if isinstance(content, list):
            inner = parts([part for part in content if isinstance(part, dict)], where)
            content = "\n".join(part["text"] for part in inner if part["type"] == "text")
            rest += [part for part in inner if part["type"] != "text"]
        text = content if isinstance(content, str) else "" if content is None else dumps(content)
        result: Json = {"role": "tool", "tool_call_id": _id(block.get("tool_use_id")), "content": text}
        if block.get("is_error") is True:
            result["is_error"] = True
        yield result
    if not rest:
        return
    if all(part["type"] == "text" for part in rest):
        yield {"role": "user", "content": "\n\n".join(part["text"] for part in rest)}
    else:
        yield {"role": "user", "content": rest}


def _id(given: Any) -> Any:
    """The id of a call as the service gave it."""
    return unescaped_id(given) if isinstance(given, str) else given
