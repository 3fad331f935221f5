"""Cohere's protocol for chat, version 2.

Source: docs.cohere.com, "Chat". Requests resemble OpenAI's; fields that are not in the reference are refused.
"""

from __future__ import annotations

from typing import Any, Final

from ...profiles.facts import Profile, Thinking
from ...wire import lenient
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, message_content
from ..pivot.chat_rules import ChatRules
from ..pivot.sampling import within
from .answer import error, event, new_state, response

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

RULES: Final = ChatRules(most_stops=5)
"""Source: docs.cohere.com, "Chat", `stop_sequences`."""

_PARAMETERS: Final = {
    "temperature": "temperature", "top_p": "p", "p": "p", "top_k": "k", "k": "k", "seed": "seed",
    "frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty", "logprobs": "logprobs",
    "documents": "documents", "safety_mode": "safety_mode", "citation_options": "citation_options",
    "strict_tools": "strict_tools", "priority": "priority",
}  # fmt: skip
_BOUNDS: Final = {"p": (0.01, 0.99), "frequency_penalty": (0, 1), "presence_penalty": (0, 1)}
"""Source: docs.cohere.com, "Chat"."""
_ROLES: Final = frozenset({"system", "user", "assistant", "tool"})
_OF_A_FUNCTION: Final = ("name", "description", "parameters")


def request(exchange: Exchange, body: Json) -> Json:
    sent: Json = {"model": exchange.model, "messages": [_message(message) for message in chat_fields.messages(body)]}
    sent["stream"] = exchange.stream
    if (limit := chat_fields.max_tokens(body)) is not None:
        sent["max_tokens"] = limit
    sent |= {name: body[source] for source, name in _PARAMETERS.items() if body.get(source) is not None}
    for name, (least, most) in _BOUNDS.items():
        if name in sent:
            sent[name] = within(sent[name], most, least)
    if stop := chat_fields.stops(body):
        sent["stop_sequences"] = stop
    if (form := _response_format(body)) is not None:
        sent["response_format"] = form
    if (thinking := _thinking(exchange.profile, body)) is not None:
        sent["thinking"] = thinking
    _tools(body, sent)
    return sent


def _response_format(body: Json) -> Any:
    """A schema is a part of the JSON mode and has no name. Source: docs.cohere.com, "Structured Outputs"."""
    named = chat_fields.schema(body)
    return {"type": "json_object", "json_schema": named["schema"]} if named else body.get("response_format")


def _thinking(profile: Profile, body: Json) -> Any:
    """Only reasoning models have this parameter; it is on by default. Source: docs.cohere.com, "Reasoning"."""
    effort, budget = lenient.text(body.get("reasoning_effort")), lenient.count(body.get("reasoning_max_tokens"))
    if body.get("thinking") is not None or profile.thinking is not Thinking.BUDGET or not (effort or budget):
        return body.get("thinking")
    if effort == "none" and not budget:
        return {"type": "disabled"}
    return {"type": "enabled", "token_budget": budget} if budget else {"type": "enabled"}


def _tools(body: Json, sent: Json) -> None:
    functions = chat_fields.functions(body)
    choice = body.get("tool_choice")
    if name := chat_fields.chosen_function(choice):
        # Cohere cannot force one function. Sending only that one has the same effect.
        functions = [function for function in functions if function.get("name") == name]
        sent["tool_choice"] = "REQUIRED"
    elif choice in ("required", "none"):
        sent["tool_choice"] = choice.upper()
    if functions:
        sent["tools"] = [
            {"type": "function", "function": {key: function[key] for key in _OF_A_FUNCTION if key in function}}
            for function in functions
        ]
    if any(function.get("strict") is True for function in functions):
        sent.setdefault("strict_tools", True)  # Applies to all tools or to none.


def _message(given: Json) -> Json:
    role = "system" if chat_fields.is_system(given) else given.get("role")
    message: Json = {"role": role if role in _ROLES else "user"}
    content = given.get("content")
    if role == "tool":
        return {
            **message,
            "tool_call_id": given.get("tool_call_id"),
            "content": message_content.text_only(content, "a tool of Cohere"),
        }
    calls = chat_fields.calls(given)
    if not calls:
        return {**message, "content": content if isinstance(content, str) else _parts(content)}
    # A message with calls has no content, but may have the model's plan.
    plan = "\n".join(
        text
        for text in (lenient.text(given.get("reasoning_content")), message_content.text_only(content, "Cohere"))
        if text
    )
    if plan:
        message["tool_plan"] = plan
    message["tool_calls"] = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.text}} for call in calls
    ]
    return message


def _parts(content: Any) -> list[Json]:
    """Converts a content to parts. Parts without an equivalent are dropped with a log line."""
    parts: list[Json] = []
    for part in message_content.parts(content):
        if isinstance(part.get("text"), str):
            parts.append({"type": "text", "text": part["text"]})
        elif part.get("type") == "image_url":
            image = (
                part["image_url"] if isinstance(part.get("image_url"), dict) else {"url": message_content.url_of(part)}
            )
            parts.append({"type": "image_url", "image_url": image})
        else:
            message_content.log_dropped(part, "Cohere")
    return parts or [{"type": "text", "text": message_content.UNREADABLE}]
