"""Converts Anthropic's messages to OpenAI's.

A message of Anthropic's is a list of blocks. In OpenAI's protocol, tool results are messages of their own, and tool
calls are a field of the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.json import Json, dumps
from ..pivot import call_signatures, thinking_blocks
from ..pivot.identifiers import unescaped_id
from .client_blocks import parts


class Kept(NamedTuple):
    """What of an assistant's turn the service takes."""

    signed: bool
    """Thinking with its signatures; services that do not know signatures refuse them."""
    reasoning: bool
    """Thinking as `reasoning_content`."""
    call_signatures: bool
    """Google's signatures of tool calls."""
    marks: bool
    """`cache_control` of tool results, which OpenAI's protocol has no place for."""


def messages(given: list[Any], kept: Kept) -> Iterator[Json]:
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
            yield from _assistant(blocks, where, kept)
        elif "tool_result" in kinds:
            yield from _results(blocks, where, kept)
        else:
            yield {"role": role, "content": parts(blocks, where)}


def _assistant(blocks: list[Json], where: str, kept: Kept) -> Iterator[Json]:
    message: Json = {"role": "assistant"}
    calls = _calls(blocks, kept)
    rest = [block for block in blocks if block.get("type") not in {"thinking", "redacted_thinking", "tool_use"}]
    content = parts(rest, where)
    if calls:
        if texts := [part["text"] for part in content if part.get("text")]:
            message["content"] = "\n\n".join(texts)
        message["tool_calls"] = calls
    elif content:
        message["content"] = content
    if kept.signed:
        message |= thinking_blocks.fields(thinking_blocks.signed({"thinking_blocks": blocks}))
    if kept.reasoning and (texts := [text for block in blocks if (text := _thinking(block))]):
        message.setdefault("reasoning_content", "".join(texts))
    if len(message) > 1:
        yield message


def _calls(blocks: list[Json], kept: Kept) -> list[Json]:
    calls: list[Json] = []
    signature = ""
    for block in blocks:
        kind = block.get("type")
        if kind == "thinking":
            signature = call_signatures.in_block(block)
        elif kind == "tool_use":
            function = {"name": block.get("name"), "arguments": dumps(block.get("input") or {})}
            call: Json = {"id": _id(block.get("id")), "type": "function", "function": function}
            if signature and kept.call_signatures:
                call |= call_signatures.field(signature)
            calls.append(call)
            signature = ""
    return calls


def _thinking(block: Json) -> str:
    return lenient.text(block.get("thinking")) if block.get("type") == "thinking" else ""


def _results(blocks: list[Json], where: str, kept: Kept) -> Iterator[Json]:
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
        message: Json = {"role": "tool", "tool_call_id": _id(block.get("tool_use_id")), "content": text}
        if block.get("is_error") is True:
            message["is_error"] = True
        if kept.marks and block.get("cache_control"):
            message["cache_control"] = block["cache_control"]
        yield message
    if not rest:
        return
    if all(part["type"] == "text" for part in rest):
        yield {"role": "user", "content": "\n\n".join(part["text"] for part in rest)}
    else:
        yield {"role": "user", "content": rest}


def _id(given: Any) -> Any:
    """The id of a call as the service gave it."""
    return unescaped_id(given) if isinstance(given, str) else given
