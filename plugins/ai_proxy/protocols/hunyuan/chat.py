"""Tencent Hunyuan's own protocol for chat.

Source: Tencent Cloud API, "ChatCompletions", version 2023-09-01. Its names are OpenAI's in Pascal case.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from ...config.settings import Settings
from ...credentials.signing import tc3
from ...credentials.signing.outgoing import Outgoing
from ...wire import lenient
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, message_content
from .answer import error, event, response
from .settings import HunyuanSettings

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "headers", "new_state", "request", "response", "sign",
]  # fmt: skip

accepts_signed_thinking: Final = False

_ACTION = "ChatCompletions"
"""The action of Tencent Cloud's API; the signature covers it."""

# Hunyuan's names of OpenAI's parameters (it has none for the length of an answer), and of its own parameters, by their
# names in its OpenAI-compatible protocol.
_PARAMETERS = {
    "top_p": "TopP", "temperature": "Temperature", "seed": "Seed", "citation": "Citation",
    "enable_deep_read": "EnableDeepRead", "enable_deep_search": "EnableDeepSearch",
    "enable_enhancement": "EnableEnhancement", "enable_multimedia": "EnableMultimedia",
    "enable_recommended_questions": "EnableRecommendedQuestions", "enable_speed_search": "EnableSpeedSearch",
    "enable_thinking": "EnableThinking", "force_search_enhancement": "ForceSearchEnhancement",
    "search_info": "SearchInfo", "stream_moderation": "StreamModeration", "topic_choice": "TopicChoice",
    "web_search_options": "WebSearchOptions",
}  # fmt: skip


def request(exchange: Exchange, body: Json) -> Json:
    exchange.headers["accept"] = "text/event-stream" if exchange.stream else "*/*"
    sent: Json = {"Model": exchange.model, "Messages": [_message(message) for message in chat_fields.messages(body)]}
    if exchange.stream:
        sent["Stream"] = True
    sent |= {name: body[source] for source, name in _PARAMETERS.items() if body.get(source) is not None}
    if stop := chat_fields.stops(body):
        sent["Stop"] = stop
    if body.get("reasoning_effort") == "none":
        sent.setdefault("EnableThinking", False)  # Hunyuan can only switch thinking on and off.
    tools = [_tool(function) for function in chat_fields.functions(body)]
    if tools:
        sent["Tools"] = tools
    choice = body.get("tool_choice")
    if name := chat_fields.chosen_function(choice):
        sent["ToolChoice"] = "custom"
        chosen = (tool for tool in tools if tool["Function"].get("Name") == name)
        sent["CustomTool"] = next(chosen, None) or _tool({"name": name})
    elif isinstance(choice, str):
        sent["ToolChoice"] = (
            "auto" if choice == "required" else choice
        )  # Hunyuan can be forced to call one tool, not any.
    return sent


def headers(settings: Settings) -> Mapping[str, str]:  # noqa: ARG001
    return {"x-tc-action": _ACTION, "x-tc-version": "2023-09-01"}


def sign(settings: Settings, sent: Outgoing) -> Mapping[str, str]:
    assert isinstance(settings, HunyuanSettings)
    if not sent.body:
        return {}  # A request without body calls no action and needs no credential.
    now = int(time.time())
    signed = {"content-type": "application/json", "host": sent.host, "x-tc-action": _ACTION}
    return {
        "content-type": "application/json",
        "x-tc-timestamp": str(now),
        "authorization": tc3.authorization(
            settings.hunyuan_auth_id,
            settings.hunyuan_auth_key,
            service="hunyuan",
            headers=signed,
            body=sent.body,
            timestamp=now,
        ),
    }


def _message(given: Json) -> Json:
    content = given.get("content")
    message: Json = {"Role": "system" if chat_fields.is_system(given) else given.get("role")}
    parts = [known for part in message_content.parts(content) if (known := _part(part)) is not None]
    if any(part["Type"] != "text" for part in parts):
        message["Contents"] = parts
    else:
        message["Content"] = message_content.text(content)
    if calls := chat_fields.calls(given):
        message["ToolCalls"] = [
            {"Id": call.id, "Type": "function", "Function": {"Name": call.name, "Arguments": call.text}}
            for call in calls
        ]
    if given.get("tool_call_id") is not None:
        message["ToolCallId"] = given["tool_call_id"]
    return message


def _part(part: Json) -> Json | None:
    kind = part.get("type")
    if kind == "image_url":
        return {"Type": "image_url", "ImageUrl": {"Url": message_content.url_of(part)}}
    if kind == "text":
        return {"Type": "text", "Text": lenient.text(part.get("text"))}
    message_content.log_dropped(part, "Hunyuan")
    return None


def _tool(function: Json) -> Json:
    """Converts a function. Hunyuan takes the schema of its parameters as a JSON string."""
    names = (("name", "Name"), ("description", "Description"))
    result = {name: function[key] for key, name in names if key in function}
    if function.get("parameters") is not None:
        result["Parameters"] = lenient.json_text(function["parameters"])
    return {"Type": "function", "Function": result}
