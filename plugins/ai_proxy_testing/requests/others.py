"""Services with chats of their own: Cohere, DashScope, Hunyuan, MiniMax Pro, and those that take a text.

Sources: docs.cohere.com, "Chat"; help.aliyun.com, "Qwen API (native)"; cloud.tencent.com, "ChatCompletions"; MiniMax,
"ChatCompletion Pro"; developers.deepl.com, "Translate"; Triton, "generate".
"""

from __future__ import annotations

import json
from typing import Any, Final

from .. import schemas
from ..problems import Checker, Json
from .openai import Rules, check_arguments
from .openai import check_request as check_openai
from .turns import Calls

_COHERE: Final = {
    "model", "messages", "stream", "max_tokens", "temperature", "p", "k", "seed", "frequency_penalty",
    "presence_penalty", "logprobs", "documents", "safety_mode", "citation_options", "strict_tools", "priority",
    "stop_sequences", "response_format", "thinking", "tools", "tool_choice",
}  # fmt: skip


def check_cohere(check: Checker, body: Json) -> None:
    check.keys(body, "$", _COHERE, {"model", "messages", "stream"})
    calls = Calls(check)
    for path, message in check.objects(body.get("messages"), "messages"):
        role = message.get("role")
        check.one_of(role, f"{path}.role", {"system", "user", "assistant", "tool"})
        if role == "tool":
            calls.answered(message.get("tool_call_id"), path)
            continue
        calls.none_open(path)
        given = message.get("tool_calls")
        check.need(given or message.get("content"), path, "must have a content or calls")
        for place, call in check.objects(given, f"{path}.tool_calls") if given else ():
            calls.called(call.get("id"), place)
            check_arguments(check, call.get("function", {}).get("arguments"), f"{place}.function.arguments")
        content = message.get("content")
        for place, part in check.objects(content, f"{path}.content") if isinstance(content, list) else ():
            check.one_of(part.get("type"), f"{place}.type", {"text", "image_url", "document", "thinking"})
    calls.none_open("messages")
    check.need(len(body.get("stop_sequences", [])) <= 5, "stop_sequences", "has more than 5")
    if "tool_choice" in body:
        check.one_of(body["tool_choice"], "tool_choice", {"REQUIRED", "NONE"})
        check.need(body.get("tools"), "tool_choice", "is only allowed with tools")
    for path, tool in check.objects(body["tools"], "tools") if "tools" in body else ():
        function = check.object(tool.get("function"), f"{path}.function")
        check.keys(function, path, {"description", "parameters"}, {"name"})


def check_dashscope(check: Checker, body: Json) -> None:
    check.keys(body, "$", set(), {"model", "input", "parameters"})
    parameters = check.object(body.get("parameters"), "parameters")
    check.need(parameters.get("result_format") == "message", "parameters.result_format", "must be message")
    for path, message in check.objects(check.object(body.get("input"), "input").get("messages"), "input.messages"):
        check.one_of(message.get("role"), f"{path}.role", {"system", "user", "assistant", "tool"})
        check.need("is_error" not in message, f"{path}.is_error", "is no field of this object")
        content = message.get("content")
        check.need(content or message.get("tool_calls") or message.get("role") == "tool", path, "must say something")
        for place, part in check.objects(content, f"{path}.content") if isinstance(content, list) else ():
            known = set(part) & {"text", "image", "video", "audio", "file", "type"}
            check.need(known, place, "must be a text or a file")
    for path, tool in check.objects(parameters["tools"], "parameters.tools") if "tools" in parameters else ():
        schema = tool.get("function", {}).get("parameters")
        if schema is not None:
            schemas.of_tool(check, schema, f"{path}.function.parameters")


def check_hunyuan(check: Checker, body: Json) -> None:
    for path, message in check.objects(body.get("Messages"), "Messages"):
        check.one_of(message.get("Role"), f"{path}.Role", {"system", "user", "assistant", "tool"})
        one = ("Content" in message) != ("Contents" in message)
        check.need(one or message.get("ToolCalls"), path, "must have Content or Contents")
    for path, tool in check.objects(body["Tools"], "Tools") if "Tools" in body else ():
        parameters = tool.get("Function", {}).get("Parameters", "{}")
        check.need(isinstance(json.loads(parameters), dict), f"{path}.Parameters", "must be JSON as a text")


def check_minimax(check: Checker, body: Json) -> None:
    check.need(body.get("bot_setting") and body.get("reply_constraints"), "$", "must name the bot")
    for path, message in check.objects(body.get("messages"), "messages", empty=True):
        check.one_of(message.get("sender_type"), f"{path}.sender_type", {"USER", "BOT", "FUNCTION"})
        check.need(message.get("sender_name"), f"{path}.sender_name", "must be a name")
        check.need(isinstance(message.get("text"), str), f"{path}.text", "must be a text")


def check_spark(check: Checker, body: Json) -> None:
    check_openai(check, body, Rules(files_in_results=True))


def check_texts(check: Checker, body: Json) -> None:
    """Services that take a text, of a conversation or to translate."""
    texts: Any = body.get("text_input") or body.get("query") or body.get("text") or body.get("inputs")
    check.need(texts, "$", "must have a text")
