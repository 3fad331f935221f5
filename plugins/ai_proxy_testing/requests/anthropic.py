"""Anthropic's Messages API. Source: platform.claude.com, "Create a Message", and the errors of the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from .. import schemas
from ..problems import Checker, Json, is_blank
from .turns import Calls, pairs

_FIELDS: Final = {
    "model", "messages", "max_tokens", "system", "stop_sequences", "stream", "temperature", "top_p", "top_k",
    "metadata", "container", "mcp_servers", "context_management", "service_tier", "tools", "tool_choice", "thinking",
    "output_config", "anthropic_version",
}  # fmt: skip
_IDS: Final = r"[A-Za-z0-9_-]+"
_NAMES: Final = r"[A-Za-z0-9_-]{1,128}"
_IMAGES: Final = {"image/jpeg", "image/png", "image/gif", "image/webp"}
_MARKED: Final = {"type", "cache_control"}
_BLOCKS: Final = {
    "text": {"text", "citations"}, "image": {"source"}, "document": {"source", "title", "context", "citations"},
    "tool_use": {"id", "name", "input", "caller"}, "tool_result": {"tool_use_id", "content", "is_error"},
    "thinking": {"thinking", "signature"}, "redacted_thinking": {"data"},
    "search_result": {"source", "title", "content", "citations"},
}  # fmt: skip
"""Fields of the blocks beside those of all."""
_TOOL: Final = {"name", "description", "input_schema", "strict", *_MARKED}
_EFFORTS: Final = {"low", "medium", "high", "xhigh", "max"}
_MOST_MARKS: Final = 4
_WITHOUT_SAMPLING: Final = re.compile("claude-opus-4-[7-9]")
_ONE_OF_BOTH: Final = re.compile("claude-(opus-4-1|(opus|sonnet|haiku)-4-5)")
"""Source: platform.claude.com, "Migration guide" and "Models"; the errors of the API."""


def check_request(check: Checker, body: Json, *, in_path: bool = False) -> None:
    """`in_path`: the model is a part of the path, as on Vertex AI."""
    check.keys(body, "$", _FIELDS, {"messages", "max_tokens"} if in_path else {"model", "messages", "max_tokens"})
    check.number(body.get("max_tokens"), "max_tokens", 1)
    if "system" in body:
        _texts(check, body["system"], "system")
    _messages(check, body.get("messages"))
    for index, stop in enumerate(body.get("stop_sequences", [])):
        check.text(stop, f"stop_sequences[{index}]")
    _sampling(check, body)
    check.need(sum(_marks(body)) <= _MOST_MARKS, "cache_control", f"there are over {_MOST_MARKS}")
    if "service_tier" in body:
        check.one_of(body["service_tier"], "service_tier", {"auto", "standard_only"})
    if "metadata" in body:
        check.keys(check.object(body["metadata"], "metadata"), "metadata", {"user_id"})
        check.need(len(body["metadata"].get("user_id") or "") <= 256, "metadata.user_id", "has over 256 characters")
    _tools(check, body)
    _thinking(check, body)


def _marks(document: Any) -> Iterator[bool]:
    if isinstance(document, dict):
        yield "cache_control" in document
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from _marks(inner)


def _sampling(check: Checker, body: Json) -> None:
    model = str(body.get("model", ""))
    given = body.keys() & {"temperature", "top_p", "top_k"}
    if "temperature" in body:
        check.number(body["temperature"], "temperature", 0, 1)
    if "top_p" in body:
        check.number(body["top_p"], "top_p", 0, 1)
    if _WITHOUT_SAMPLING.match(model):
        check.need(not given, "$", f"the model refuses {sorted(given)}")
    if _ONE_OF_BOTH.match(model):
        check.need(not given >= {"temperature", "top_p"}, "$", "the model takes one of temperature and top_p")
    if (body.get("thinking") or {}).get("type") in {"enabled", "adaptive"}:
        check.need(body.get("temperature", 1) == 1, "temperature", "must be 1 with thinking")
        check.need("top_k" not in body, "top_k", "is refused with thinking")
        check.need(body.get("top_p", 1) >= 0.95, "top_p", "must be at least 0.95 with thinking")


def _texts(check: Checker, content: Any, path: str) -> None:
    if isinstance(content, str):
        check.text(content, path)
        return
    for place, block in check.objects(content, path):
        check.keys(block, place, {"cache_control", "citations"}, {"type", "text"})
        check.text(block.get("text"), f"{place}.text")


def _messages(check: Checker, messages: Any) -> None:
    calls = Calls(check, unique=True)
    first = True
    for path, message in check.objects(messages, "messages"):
        check.keys(message, path, set(), {"role", "content"})
        role, content = message.get("role"), message.get("content")
        check.one_of(role, f"{path}.role", {"user", "assistant"})
        check.need(not first or role == "user", path, "the first message must be the user's")
        first = False
        results = (
            role == "user"
            and isinstance(content, list)
            and any(isinstance(block, dict) and block.get("type") == "tool_result" for block in content)
        )
        if not results:
            calls.none_open(path)
        if isinstance(content, str):
            check.text(content, f"{path}.content")
            continue
        begun = False
        for place, block in check.objects(content, f"{path}.content"):
            kind = block.get("type")
            if kind == "tool_use":
                calls.called(block.get("id"), place)
            elif kind == "tool_result":
                check.need(not begun, place, "results come first")
                calls.answered(block.get("tool_use_id"), place)
            begun = begun or kind != "tool_result"
            _block(check, block, place, str(role))
        if results:
            calls.none_open(path)
    calls.none_open("messages")


def _block(check: Checker, block: Json, path: str, role: str) -> None:
    kind = block.get("type")
    check.keys(block, path, _MARKED | _BLOCKS.get(str(kind), set()))
    if kind == "text":
        check.text(block.get("text"), f"{path}.text")
    elif kind == "image":
        _source(check, block.get("source"), f"{path}.source", _IMAGES)
    elif kind == "document":
        _source(check, block.get("source"), f"{path}.source", {"application/pdf"})
        for name, most in (("title", 500), ("context", None)):
            if name in block and check.text(block[name], f"{path}.{name}"):
                check.need(most is None or len(block[name]) <= most, f"{path}.{name}", f"has over {most} characters")
    elif kind == "tool_use":
        check.need(role == "assistant", path, "only the assistant calls tools")
        check.match(block.get("id"), f"{path}.id", _IDS)
        check.match(block.get("name"), f"{path}.name", _NAMES)
        check.need(isinstance(block.get("input"), dict), f"{path}.input", "must be an object")
    elif kind == "tool_result":
        check.match(block.get("tool_use_id"), f"{path}.tool_use_id", _IDS)
        content = block.get("content")
        if isinstance(content, list):
            for place, inner in check.objects(content, f"{path}.content", empty=True):
                check.one_of(inner.get("type"), f"{place}.type", {"text", "image", "document", "search_result"})
                _block(check, inner, place, role)
        elif content is not None:
            check.text(content, f"{path}.content")
    elif kind == "thinking":
        check.need(role == "assistant" and block.get("signature"), path, "thinking needs a signature")
    else:
        check.one_of(kind, f"{path}.type", {"redacted_thinking", "search_result"})


def _source(check: Checker, source: Any, path: str, media_types: set[str]) -> None:
    source = check.object(source, path)
    kind = source.get("type")
    if kind == "base64":
        check.one_of(source.get("media_type"), f"{path}.media_type", media_types)
        check.need(source.get("data"), f"{path}.data", "must not be empty")
    elif kind == "url":
        check.match(source.get("url"), f"{path}.url", "https?://.+")
    elif kind == "text":
        check.need(isinstance(source.get("data"), str) and not is_blank(source["data"]), f"{path}.data", "is blank")
    else:
        check.one_of(kind, f"{path}.type", {"file", "content"})


def _tools(check: Checker, body: Json) -> None:
    names = []
    for path, tool in check.objects(body["tools"], "tools") if "tools" in body else ():
        names.append(tool.get("name"))
        check.match(tool.get("name"), f"{path}.name", _NAMES)
        if tool.get("type") in {None, "custom"}:
            check.keys(tool, path, _TOOL, {"name", "input_schema"})
            schemas.of_tool(check, tool.get("input_schema"), f"{path}.input_schema")
        if tool.get("strict") is True:
            _closed(check, tool.get("input_schema"), f"{path}.input_schema")
    pairs(check, names, "tools")
    choice = body.get("tool_choice")
    if choice is not None:
        check.need(names, "tool_choice", "is only allowed with tools")
        check.one_of(choice.get("type"), "tool_choice.type", {"auto", "any", "tool", "none"})
        if choice.get("type") == "tool":
            check.need(choice.get("name") in names, "tool_choice", f"there is no tool {choice.get('name')!r:.80}")


def _closed(check: Checker, schema: Any, path: str) -> None:
    """Objects of a strict schema have no further properties."""
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        check.need(schema.get("additionalProperties") is False, path, "additionalProperties must be false")
    for name, inner in (schema.get("properties") or {}).items():
        _closed(check, inner, f"{path}.properties.{name}")
    _closed(check, schema.get("items"), f"{path}.items")


def _thinking(check: Checker, body: Json) -> None:
    config = check.object(body.get("output_config", {}), "output_config")
    check.keys(config, "output_config", {"effort", "format"})
    if "effort" in config:
        check.one_of(config["effort"], "output_config.effort", _EFFORTS)
    if "format" in config:
        check.keys(config["format"], "output_config.format", (), {"type", "schema"})
        _closed(check, config["format"].get("schema"), "output_config.format.schema")
    thinking = body.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") == "disabled":
        return
    check.one_of(thinking.get("type"), "thinking.type", {"enabled", "adaptive"})
    if thinking.get("type") == "enabled":
        check.number(thinking.get("budget_tokens"), "thinking.budget_tokens", 1024, body.get("max_tokens", 1) - 1)
        _turn_of_tools(check, body.get("messages"))
    choice = body.get("tool_choice") or {}
    check.need(choice.get("type") not in {"any", "tool"}, "tool_choice", "a call cannot be forced with thinking")


def _turn_of_tools(check: Checker, messages: Any) -> None:
    """Source: the error "Expected `thinking` or `redacted_thinking`, but found `tool_use`"."""
    for message in reversed(messages if isinstance(messages, list) else []):
        kinds = [block.get("type") for block in message["content"]] if isinstance(message["content"], list) else []
        if message["role"] == "user" and "tool_result" not in kinds:
            return
        if "tool_use" in kinds:
            thinks = kinds[0] in {"thinking", "redacted_thinking"}
            check.need(thinks, "thinking", "the answer with the calls must begin with its thinking")
