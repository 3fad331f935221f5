"""Anthropic's protocol."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final

from ..problems import Json
from .parts import ADDRESS, DOCUMENTS, IMAGES, PDF_ADDRESS, PNG
from .turns import Call, Conversation, Turn

_SAME: Final = ("temperature", "top_p", "stream")
_MARK: Final = {"type": "ephemeral"}
_MOST_MARKS: Final = 4
"""Anthropic accepts no more of `cache_control`. Source: platform.claude.com, "Prompt caching"."""
_BUDGETS: Final = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32000}


def anthropic_request(conversation: Conversation, model: str) -> Json:
    settings = conversation.settings
    messages: list[Json] = []
    for turn in conversation.turns:
        messages += _turn(turn)
    if conversation.last:
        messages.append({"role": "user", "content": conversation.last})
    body: Json = {"model": model, "max_tokens": settings.get("max_tokens", 4096), "messages": messages}
    if conversation.system:
        body["system"] = [{"type": "text", "text": conversation.system}]
    if conversation.tools:
        strict = {"strict": True} if "strict" in settings else {}
        body["tools"] = [
            {"name": name, "description": "d", "input_schema": schema or {"type": "object"}, **strict}
            for name, schema in conversation.tools
        ]
    if (choice := _choice(conversation)) is not None:
        body["tool_choice"] = choice
    if "stop" in settings:
        body["stop_sequences"] = settings["stop"] if isinstance(settings["stop"], list) else [settings["stop"]]
    if "user" in settings:
        body["metadata"] = {"user_id": settings["user"]}
    body |= {name: settings[name] for name in _SAME if name in settings}
    body |= _thinking(settings.get("effort"))
    if "schema" in settings:
        form = {"type": "json_schema", "schema": settings["schema"]}
        body["output_config"] = {**body.get("output_config", {}), "format": form}
    _mark(body)
    return body


def _turn(turn: Turn) -> Iterator[Json]:
    texts = [{"type": "text", "text": text} for text in turn.texts]
    if turn.instruction:
        texts.insert(0, {"type": "text", "text": f"<system-reminder>{turn.instruction}</system-reminder>"})
    yield {"role": "user", "content": [*texts, *map(_file, turn.files)]}
    blocks: list[Json] = []
    if turn.redacted:
        blocks.append({"type": "redacted_thinking", "data": "ZW5j"})
    if turn.thinking:
        blocks.append({"type": "thinking", "thinking": turn.thinking, "signature": turn.signature})
    if turn.answer:
        blocks.append({"type": "text", "text": turn.answer})
    blocks += [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in turn.calls]
    yield {"role": "assistant", "content": blocks or "ok"}
    if turn.calls:
        remark = [{"type": "text", "text": turn.remark}] if turn.remark else []
        yield {"role": "user", "content": [*map(_result, turn.calls), *remark]}


def _mark(body: Json) -> None:
    """Mark tools, the system prompt and the last texts for the cache, as clients do."""
    marked = [*body.get("tools", [])[-1:], *body.get("system", [])[-1:]]
    contents = [message["content"] for message in body["messages"] if isinstance(message["content"], list)]
    marked += [blocks[-1] for blocks in reversed(contents) if blocks[-1]["type"] in {"text", "tool_result"}]
    for block in marked[:_MOST_MARKS]:
        block["cache_control"] = _MARK


def _thinking(effort: Any) -> Json:
    if effort is None:
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if effort == "max":
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}
    return {"thinking": {"type": "enabled", "budget_tokens": _BUDGETS[effort]}}


def _choice(conversation: Conversation) -> Json | None:
    choice, parallel = conversation.choice, conversation.settings.get("parallel")
    kinds = {"auto": "auto", "required": "any", "none": "none", "allowed": "auto"}
    result: Json = {"type": kinds.get(choice, "tool")}
    if choice is None:
        if parallel is None or not conversation.tools:
            return None
        result = {"type": "auto"}
    if result["type"] == "tool":
        result["name"] = conversation.named_tool
    if parallel is not None and result["type"] != "none":
        result["disable_parallel_tool_use"] = not parallel
    return result


def _result(call: Call) -> Json:
    result: Json = {"type": "tool_result", "tool_use_id": call.id, "content": call.result}
    if call.files:
        result["content"] = [{"type": "text", "text": call.result}, *map(_file, call.files)]
    if call.failed:
        result |= {"is_error": True, "content": [
            {"type": "text", "text": call.result}, {"type": "tool_reference", "tool_name": call.name}]}  # fmt: skip
    return result


def _file(kind: str) -> Json:
    if kind in IMAGES:
        return {"type": "image", "source": {"type": "base64", "media_type": IMAGES[kind], "data": PNG}}
    if kind == "address":
        return {"type": "image", "source": {"type": "url", "url": ADDRESS}}
    document = DOCUMENTS[kind]
    result: Json = {"type": "document"} | ({"title": document.name} if document.name else {})
    if kind == "named":
        return {**result, "source": {"type": "url", "url": PDF_ADDRESS}}
    inner = [{"type": "text", "text": "found"}]
    if kind == "unnamed":
        return {"type": "search_result", "source": "https://e.com", "title": "S", "content": inner}
    if kind == "lines":
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
        return {**result, "context": "about", "source": {"type": "content", "content": [*inner, image]}}
    if document.media_type != "application/pdf":
        text = b64decode(document.data).decode()
        return {**result, "source": {"type": "text", "media_type": "text/plain", "data": text}}
    return {**result, "source": {"type": "base64", "media_type": document.media_type, "data": document.data}}
