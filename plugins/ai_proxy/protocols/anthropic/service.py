"""Anthropic's Messages API for chat. Source: docs.anthropic.com, "Messages" and "Messages examples"."""

from __future__ import annotations

from typing import Any, Final

from proxywasm import log

from ...profiles.facts import Profile
from ...wire import lenient
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, claude, claude_schemas, message_content
from .service_answer import error, response
from .service_messages import messages
from .service_stream import State, event, new_state
from .settings import ClaudeSettings

__all__ = [
    "MAX_TOKENS", "State", "accepts_signed_thinking", "body_of", "decoder", "error",
    "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = True

_SAME: Final = ("metadata", "container", "mcp_servers", "context_management")
_TIERS: Final = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
MAX_TOKENS: Final = claude.MAX_TOKENS  # Required there, optional here.

# Requests with tokens of Claude Code need this system prompt.
_IDENTITY: Final = "You are Claude Code, Anthropic's official CLI for Claude."


def request(exchange: Exchange, body: Json) -> Json:
    settings = exchange.settings
    result = body_of(exchange, body)
    if isinstance(settings, ClaudeSettings) and settings.claude_code_mode:
        system = result.get("system") or _IDENTITY
        if isinstance(system, str):
            result["system"] = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
    return result


def body_of(exchange: Exchange, body: Json) -> Json:
    """The body of a chat request; other services with Claude models use it, too."""
    given = chat_fields.messages(body)
    result: Json = {
        "model": exchange.model,
        "messages": messages([one for one in given if not chat_fields.is_system(one)]),
    }
    if system := _system([one for one in given if chat_fields.is_system(one)]):
        result["system"] = system
    limit = chat_fields.max_tokens(body) or 0
    body = claude.without_forced_tools(exchange.profile, body)
    if stops := chat_fields.stops(body):
        result["stop_sequences"] = stops
    if exchange.stream:
        result["stream"] = True
    for name in _SAME:
        if body.get(name) is not None and not (name == "metadata" and not _is_metadata(body[name])):
            result[name] = body[name]
    if user := lenient.text(body.get("user")) or lenient.text(body.get("safety_identifier")):
        result.setdefault("metadata", {"user_id": user})
    if (tier := _TIERS.get(str(body.get("service_tier")))) is not None:
        result["service_tier"] = tier
    if _has_own_tools(body) or chat_fields.functions(body):
        result["tools"] = [_tool(exchange.profile, tool) for tool in body["tools"]]
        if choice := _tool_choice(body):
            result["tool_choice"] = choice
    if isinstance(options := body.get("web_search_options"), dict):
        _add_web_search(result.setdefault("tools", []), options)
    _thinking(exchange, body, result, limit)
    _structured(exchange, body, result)
    return result


def _system(given: list[Json]) -> str | list[Json]:
    """The system prompt: one text, or blocks if one of them has `cache_control`."""
    parts = [part for message in given for part in message_content.parts(message.get("content")) if part.get("text")]
    if any(part.get("cache_control") for part in parts):
        return [{name: value for name, value in part.items() if name in _OF_A_TEXT} for part in parts]
    return "\n".join(text for message in given if (text := message_content.text(message.get("content"))))


_OF_A_TEXT: Final = frozenset({"type", "text", "cache_control"})


def _is_metadata(metadata: Any) -> bool:
    """Whether these are Anthropic's metadata, which have only `user_id`. OpenAI's have any keys."""
    return isinstance(metadata, dict) and set(metadata) == {"user_id"}


def _has_own_tools(body: Json) -> bool:
    """Whether the request has tools in Anthropic's format: it runs some itself (`web_search_20250305`, ...)."""
    tools = body.get("tools")
    return isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools) and any(map(_is_own, tools))


def _is_own(tool: Json) -> bool:
    return "function" not in tool and isinstance(tool.get("name"), str)


def _tool(profile: Profile, tool: Json) -> Json:
    if _is_own(tool):
        return tool
    function = tool.get("function")
    function = function if isinstance(function, dict) else {}
    result: Json = {"name": function.get("name")}
    if function.get("description"):
        result["description"] = function["description"]
    result["input_schema"] = function.get("parameters") or {"type": "object", "properties": {}}
    if function.get("strict") is True and profile.structured_outputs:
        result |= {"strict": True, "input_schema": claude_schemas.strict(result["input_schema"])}
    if cache := tool.get("cache_control") or function.get("cache_control"):
        result["cache_control"] = cache
    return result


def _add_web_search(tools: list[Json], options: Json) -> None:
    """Anthropic's tool for OpenAI's search. Source: platform.claude.com, "Web search tool"."""
    tool: Json = {"type": "web_search_20250305", "name": "web_search"}
    if any(one.get("name") == tool["name"] for one in tools):
        log.warn("web_search_options dropped: the client has a tool with the name %s", tool["name"])
        return
    place = lenient.mapping(lenient.mapping(options.get("user_location")).get("approximate"))
    if known := {name: place[name] for name in _PLACE if lenient.text(place.get(name))}:
        tool["user_location"] = {"type": "approximate", **known}
    tools.append(tool)


_PLACE: Final = ("city", "region", "country", "timezone")


def _tool_choice(body: Json) -> Json | None:
    choice = body.get("tool_choice")
    if name := chat_fields.chosen_function(choice):
        result: Json = {"type": "tool", "name": name}
    else:
        kind = choice.get("type") if isinstance(choice, dict) else choice
        result = {"type": {"required": "any", "any": "any", "none": "none"}.get(str(kind), "auto")}
    if body.get("parallel_tool_calls") is False and result["type"] != "none":
        result["disable_parallel_tool_use"] = True
    return result if choice is not None or len(result) > 1 else None


def _structured(exchange: Exchange, body: Json, result: Json) -> None:
    """A schema for the answer. Anthropic has no mode for any JSON; ask for it in the prompt, as with OpenAI."""
    if not (named := chat_fields.schema(body)):
        return
    if exchange.profile.structured_outputs:
        form = {"type": "json_schema", "schema": claude_schemas.strict(named["schema"])}
        result["output_config"] = {**result.get("output_config", {}), "format": form}
    else:
        log.debug("the schema for the answer becomes a part of the prompt: the model has no structured outputs")
        result["system"] = _with_text(result.get("system", ""), claude_schemas.instruction(named["schema"]))


def _with_text(system: str | list[Json], text: str) -> str | list[Json]:
    if isinstance(system, list):
        return [*system, {"type": "text", "text": text}]
    return f"{system}\n\n{text}" if system else text


def _thinking(exchange: Exchange, body: Json, result: Json, limit: int) -> None:
    """Thinking, sampling and the limit, which includes the thinking."""
    profile = exchange.profile
    asked = claude.thinking(profile, body, limit)
    if asked.thinks and result.get("tool_choice", {}).get("type") in {"any", "tool"}:
        asked = claude.Asked()  # A call cannot be forced beside thinking.
    result |= asked.fields
    result["max_tokens"] = limit or MAX_TOKENS + asked.tokens
    result |= claude.sampling(profile, body, thinks=asked.thinks)
