"""Anthropic's Messages API for clients such as Claude Code, converted for providers without that API.

Source: docs.anthropic.com, "Messages" and "Messages examples".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from ...profiles.facts import Reasoning
from ...wire import apis as api_names
from ...wire import lenient
from ...wire.apis import Route
from ...wire.errors import ApiError, unsupported_api
from ...wire.json import Json
from ..exchange import Exchange, Thinking
from ..interface import StreamWriter
from . import client_tools
from .client_answer import response
from .client_blocks import parts
from .client_dropped import CHAT
from .client_messages import Kept, messages
from .counting import COUNTING
from .model_format import FORMAT
from .parts import error_document
from .stream_writer import ClaudeWriter

__all__ = [
    "apis", "chat_api", "counting", "dropped", "dropped_query", "error", "has_openai_errors", "is_pivot",
    "keeps_signatures", "models", "new_writer", "paths", "request", "request_id_header", "response", "thinking",
    "threads_unsupported", "unsupported",
]  # fmt: skip

chat_api: Final = api_names.MESSAGES
apis: Final = frozenset({api_names.MESSAGES, api_names.COUNT_TOKENS, api_names.COMPLETE})
paths: Final[Mapping[str, str]] = MappingProxyType({})
is_pivot: Final = False
has_openai_errors: Final = False
keeps_signatures: Final = True
request_id_header: Final = "request-id"
counting: Final = COUNTING
dropped: Final = CHAT
models: Final = FORMAT
dropped_query: Final = frozenset({"beta"})
"""The parameter with which clients enable new features of this API."""

_SAME = ("model", "stream", "max_tokens", "temperature", "top_p")

# The largest budget for each effort; above, the effort is high.
_EFFORTS = ((4096, "low"), (16384, "medium"))

_ADAPTIVE_EFFORT = "high"
"""The default of `output_config.effort`."""
_ENABLING = frozenset({"enabled", "adaptive"})
_DISABLING = frozenset({"disabled", "between_tools"})

# Claude Code puts a checksum of the conversation into its system prompt, which defeats prompt caches.
_BILLING = "x-anthropic-billing-header:"
_CHECKSUM = re.compile(r"; cch=[^;]*")


def request(exchange: Exchange, body: Json, *, allow_extensions: bool, accepts_signed_thinking: bool) -> Json:
    if body.get("thread") is not None:
        raise threads_unsupported()
    pivot: Json = {name: body[name] for name in _SAME if body.get(name) is not None}
    given = body.get("messages")
    if not isinstance(given, list) or not given:
        raise ApiError(400, "messages must be a non-empty array", param="messages")
    pivot["messages"] = [
        *_system(body.get("system")),
        *messages(given, _kept(exchange, signed=accepts_signed_thinking, marks=allow_extensions)),
    ]
    if body.get("stop_sequences"):
        pivot["stop"] = body["stop_sequences"]
    if allow_extensions and body.get("top_k") is not None:
        pivot["top_k"] = body["top_k"]  # OpenAI has no such parameter.
    if allow_extensions and (display := lenient.text(lenient.mapping(body.get("thinking")).get("display"))):
        pivot["thinking_display"] = display
    client_tools.convert(body, pivot, allow_extensions=allow_extensions)
    _effort(exchange.thinking, body, pivot)
    _output(body, pivot)
    if user := lenient.text(lenient.mapping(body.get("metadata")).get("user_id")):
        pivot["user"] = user
    return pivot


def threads_unsupported() -> ApiError:
    """Anthropic keeps the conversation of a thread; other services have only the new messages. Anthropic's SDKs send
    the whole conversation on this error.
    """
    message = "the model service behind this route keeps no threads; send the whole conversation"
    details = {"error_code": "thread_unsupported_request", "unsupported": ["provider"]}
    return ApiError(400, message, param="thread", details=details)


def _kept(exchange: Exchange, *, signed: bool, marks: bool) -> Kept:
    profile = exchange.profile
    reasoning = exchange.service.uses_reasoning or profile.reasoning is not Reasoning.UNUSED
    return Kept(signed, reasoning, profile.call_signatures, marks)


def new_writer(exchange: Exchange) -> StreamWriter:
    return ClaudeWriter(exchange.model)


def error(error: ApiError) -> Json:
    return error_document(error)


def unsupported(route: Route) -> ApiError:  # noqa: ARG001
    return unsupported_api()


def _system(system: Any) -> list[Json]:
    if isinstance(system, str) and system:
        return [{"role": "system", "content": _without_checksum(system)}]
    if isinstance(system, list) and (content := parts(system, "system")):
        for part in content:
            if isinstance(part.get("text"), str):
                part["text"] = _without_checksum(part["text"])
        return [{"role": "system", "content": content}]
    return []


def _without_checksum(text: str) -> str:
    return _CHECKSUM.sub("", text) if text.startswith(_BILLING) else text


def thinking(body: Json) -> Thinking:
    """Thinking is off unless the request enables it, with a budget of tokens or adaptive."""
    given = lenient.mapping(body.get("thinking"))
    budget = given.get("budget_tokens")
    return Thinking(
        lenient.text(given.get("type")) in _ENABLING,
        budget if isinstance(budget, (int, float)) and not isinstance(budget, bool) else None,
    )


def _effort(switch: Thinking | None, body: Json, pivot: Json) -> None:
    kind = lenient.text(lenient.mapping(body.get("thinking")).get("type"))
    if switch is not None and switch.enabled:
        budget = switch.budget or 0
        by_budget = next((name for limit, name in _EFFORTS if budget < limit), "high")
        pivot["reasoning_effort"] = _ADAPTIVE_EFFORT if kind == "adaptive" else by_budget
    config = body.get("output_config")
    if isinstance(config, dict) and isinstance(config.get("effort"), str):
        pivot["reasoning_effort"] = config["effort"]
    if kind in _DISABLING:
        pivot["reasoning_effort"] = "none"


def _output(body: Json, pivot: Json) -> None:
    """Structured output, under its current and its earlier name in Anthropic's API."""
    config = body.get("output_config")
    output = config.get("format") if isinstance(config, dict) else None
    output = output or body.get("output_format")
    if isinstance(output, dict) and output.get("type") == "json_schema":
        schema = {"name": "output", "schema": output.get("schema") or {}, "strict": True}
        pivot["response_format"] = {"type": "json_schema", "json_schema": schema}
