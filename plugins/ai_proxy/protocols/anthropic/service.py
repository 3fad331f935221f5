"""Anthropic's Messages API for chat. Source: docs.anthropic.com, "Messages" and "Messages examples"."""

from __future__ import annotations

from typing import Any, Final

from ...wire import lenient
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, message_content
from .service_answer import error, response
from .service_messages import messages
from .service_stream import State, event, new_state
from .settings import ClaudeSettings

__all__ = [
    "MAX_TOKENS", "State", "accepts_signed_thinking", "body_of", "decoder", "error",
    "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = True

_SAME: Final = ("temperature", "top_p", "top_k", "metadata", "container", "mcp_servers", "context_management")
_TIERS: Final = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
MAX_TOKENS: Final = 4096  # Required there, optional here.

_BUDGETS: Final = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 16384}
_LEAST_BUDGET: Final = 1024

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
    result["max_tokens"] = limit or MAX_TOKENS
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
    if tools := [_tool(tool) for tool in body["tools"]] if _has_own_tools(body) else _functions(body):
        result["tools"] = tools
        if choice := _tool_choice(body):
            result["tool_choice"] = choice
    _structured(body, result)
    _thinking(body, result, limit)
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


def _functions(body: Json) -> list[Json]:
    return [_tool(tool) for tool in body["tools"]] if chat_fields.functions(body) else []


def _tool(tool: Json) -> Json:
    if _is_own(tool):
        return tool
    function = tool.get("function")
    function = function if isinstance(function, dict) else {}
    result: Json = {"name": function.get("name")}
    if function.get("description"):
        result["description"] = function["description"]
    result["input_schema"] = function.get("parameters") or {"type": "object", "properties": {}}
    if function.get("strict") is True:
        result["strict"] = True
    if cache := tool.get("cache_control") or function.get("cache_control"):
        result["cache_control"] = cache
    return result


def _tool_choice(body: Json) -> Json | None:
    choice = body.get("tool_choice")
    if name := chat_fields.chosen(choice):
        result: Json = {"type": "tool", "name": name}
    else:
        kind = choice.get("type") if isinstance(choice, dict) else choice
        result = {"type": {"required": "any", "any": "any", "none": "none"}.get(str(kind), "auto")}
    if body.get("parallel_tool_calls") is False and result["type"] != "none":
        result["disable_parallel_tool_use"] = True
    return result if choice is not None or len(result) > 1 else None


def _structured(body: Json, result: Json) -> None:
    """A schema for the answer. Anthropic has no mode for any JSON; ask for it in the prompt, as with OpenAI."""
    if named := chat_fields.schema(body):
        result["output_config"] = {"format": {"type": "json_schema", "schema": named["schema"]}}


def _thinking(body: Json, result: Json, limit: int) -> None:
    """The budget for thinking is a part of `max_tokens`: half of it at most, to leave room for the answer."""
    given, effort = body.get("thinking"), body.get("reasoning_effort")
    budget = lenient.count(body.get("reasoning_max_tokens"))
    if isinstance(given, dict) and isinstance(given.get("type"), str):
        result["thinking"] = given
    elif budget or (isinstance(effort, str) and effort not in {"", "none"}):
        budget = max(budget or _BUDGETS.get(str(effort), 8192), _LEAST_BUDGET)
        if not limit:
            result["max_tokens"] = MAX_TOKENS + budget
        elif limit < 2 * _LEAST_BUDGET:
            return
        else:
            budget = min(budget, limit // 2)
        result["thinking"] = {"type": "enabled", "budget_tokens": budget}
    else:
        return
    if result["thinking"].get("type") == "disabled":
        return
    # Anthropic refuses these together with thinking.
    result.pop("temperature", None)
    result.pop("top_k", None)
    if isinstance(top_p := result.get("top_p"), (int, float)) and top_p < 0.95:
        del result["top_p"]
    if result.get("tool_choice", {}).get("type") in {"any", "tool"}:
        del result["thinking"]
