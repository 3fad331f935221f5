"""Chats in OpenAI's protocol. Source: platform.openai.com, API reference, "Create chat completion"."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from .. import schemas
from ..problems import Checker, Json
from .turns import Calls, pairs

_NAME: Final = r"[A-Za-z0-9_-]{1,64}"
_PARTS: Final = {
    "user": {"text", "image_url", "input_audio", "file", "video_url", "audio_url"},
    "assistant": {"text", "refusal"},
}  # fmt: skip
"""Types of parts, by role. Other messages are texts."""
_MESSAGE: Final = {"role", "content", "name"}
_ANSWER: Final = {*_MESSAGE, "tool_calls", "refusal", "audio", "prefix"}
_THOUGHTS: Final = frozenset({"reasoning_content", "reasoning", "reasoning_details"})
_FIELDS: Final = {
    "model", "messages", "audio", "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens",
    "metadata", "modalities", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
    "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier",
    "stop", "store", "stream", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user",
    "verbosity", "web_search_options",
}  # fmt: skip
_EFFORTS: Final = {"none", "minimal", "low", "medium", "high", "xhigh", "max"}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """In what a service differs from others with this protocol."""

    ids: str = r".+"
    unknown_fields: frozenset[str] = frozenset()
    """Fields that the service refuses."""
    more_fields: frozenset[str] = frozenset()
    """Fields that the service knows beside those of OpenAI."""
    thoughts: frozenset[str] = _THOUGHTS
    """The fields of earlier answers in which reasoning is accepted."""
    files_in_results: bool = False
    """Results of tools may have other parts than texts."""
    cache_control: bool = False
    most_stops: int | None = None
    longest_user: int | None = None
    roles: frozenset[str] = field(default=frozenset({"system", "developer", "user", "assistant", "tool"}))


OPENAI: Final = Rules(ids=r".{1,40}", most_stops=4, longest_user=64, thoughts=frozenset())
STRICT: Final = Rules(thoughts=frozenset())
CEREBRAS: Final = Rules(thoughts=frozenset({"reasoning"}))
"""Source: errors of Groq and Cerebras, "property 'reasoning_content' is unsupported"."""
MISTRAL: Final = Rules(
    ids=r"[A-Za-z0-9]{9}",
    thoughts=frozenset(),
    more_fields=frozenset({"random_seed", "safe_prompt", "prompt_mode"}),
    unknown_fields=frozenset({"user", "stream_options", "max_completion_tokens", "seed", "metadata", "store"}),
)
"""Source: docs.mistral.ai/api, "Chat Completion", and its errors."""
THINKING: Final = frozenset({"thinking"})
SWITCHED: Final = Rules(more_fields=THINKING)
"""Source: platform.moonshot.ai, docs.bigmodel.cn, volcengine.com, api-docs.deepseek.com: `thinking.type`."""
READS_CACHE_CONTROL: Final = Rules(
    cache_control=True, more_fields=frozenset({"reasoning", "enable_thinking", "thinking_budget", "top_k"})
)
"""Source: openrouter.ai/docs, "Prompt Caching"; help.aliyun.com, "Context cache"."""


def check_request(check: Checker, body: Json, rules: Rules = Rules()) -> None:  # It is frozen.
    check.need(isinstance(body.get("model"), str) and body["model"], "model", "must be a name")
    check.keys(body, "$", _FIELDS | rules.more_fields, {"model", "messages"})
    for name in rules.unknown_fields:
        check.need(name not in body, name, "is refused")
    if "reasoning_effort" in body:
        check.one_of(body["reasoning_effort"], "reasoning_effort", _EFFORTS)
    for name, least, most in (("temperature", 0, 2), ("top_p", 0, 1), ("max_tokens", 1, None)):
        if body.get(name) is not None:
            check.number(body[name], name, least, most)
    _messages(check, body.get("messages"), rules)
    _tools(check, body, rules)
    if "stop" in body:
        stops = body["stop"] if isinstance(body["stop"], list) else [body["stop"]]
        check.need(rules.most_stops is None or len(stops) <= rules.most_stops, "stop", "has too many sequences")
        for index, stop in enumerate(stops):
            check.need(isinstance(stop, str) and stop, f"stop[{index}]", "must be a text")
    if "user" in body:
        most = rules.longest_user
        check.need(most is None or len(body["user"] or "") <= most, "user", f"must have at most {most} characters")
    if "response_format" in body:
        kind = check.object(body["response_format"], "response_format").get("type")
        check.one_of(kind, "response_format.type", {"text", "json_object", "json_schema"})


def _messages(check: Checker, messages: Any, rules: Rules) -> None:
    calls = Calls(check)
    for path, message in check.objects(messages, "messages"):
        role = message.get("role")
        check.one_of(role, f"{path}.role", rules.roles)
        if not rules.cache_control:
            check.need("cache_control" not in message, f"{path}.cache_control", "is no field of this object")
        known = {"assistant": _ANSWER | rules.thoughts, "tool": {*_MESSAGE, "tool_call_id"}}.get(str(role), _MESSAGE)
        check.keys(message, path, known | {"cache_control"}, {"role"})
        parts = _PARTS.get("user" if role == "tool" and rules.files_in_results else str(role), {"text"})
        if role == "tool":
            check.match(message.get("tool_call_id"), f"{path}.tool_call_id", rules.ids)
            calls.answered(message.get("tool_call_id"), path)
            _content(check, message.get("content"), f"{path}.content", rules, parts, blank=True)
            continue
        calls.none_open(path)
        given = message.get("tool_calls")
        if given is None or message.get("content") is not None:
            _content(check, message.get("content"), f"{path}.content", rules, parts)
        for place, call in check.objects(given, f"{path}.tool_calls") if given is not None else ():
            _call(check, call, place, rules)
            calls.called(call.get("id"), place)
    calls.none_open("messages")


def _content(check: Checker, content: Any, path: str, rules: Rules, kinds: set[str], *, blank: bool = False) -> None:
    if isinstance(content, str):
        check.text(content, path, blank=blank)
        return
    for place, part in check.objects(content, path, empty=blank):
        kind = part.get("type")
        if not check.one_of(kind, f"{place}.type", kinds):
            continue
        if not rules.cache_control:
            check.need("cache_control" not in part, f"{place}.cache_control", "is no field of this object")
        if kind == "text":
            check.text(part.get("text"), f"{place}.text")
        elif kind == "file":
            file = check.object(part.get("file"), f"{place}.file")
            check.keys(file, f"{place}.file", {"filename", "file_data", "file_id"})
        elif kind == "image_url":
            url = check.object(part.get("image_url"), f"{place}.image_url").get("url")
            check.match(url, f"{place}.image_url.url", r"https?://.+|data:image/(png|jpeg|gif|webp|bmp|heic);base64,.+")


def _call(check: Checker, call: Json, path: str, rules: Rules) -> None:
    check.keys(call, path, {"type"}, {"id", "function"})
    check.match(call.get("id"), f"{path}.id", rules.ids)
    check.need(call.get("type", "function") == "function", f"{path}.type", "must be function")
    function = check.object(call.get("function"), f"{path}.function")
    check.keys(function, f"{path}.function", (), {"name", "arguments"})
    check.match(function.get("name"), f"{path}.function.name", _NAME)
    check_arguments(check, function.get("arguments"), f"{path}.function.arguments")


def check_arguments(check: Checker, arguments: Any, path: str) -> None:
    """The arguments of a call are a JSON object as a text."""
    try:
        value = json.loads(arguments)
    except (TypeError, ValueError):
        value = None
    check.need(isinstance(value, dict), path, f"must be a JSON object, is {arguments!r:.80}")


def _tools(check: Checker, body: Json, rules: Rules) -> None:
    names = []
    for path, tool in check.objects(body["tools"], "tools") if "tools" in body else ():
        check.need(tool.get("type") == "function", f"{path}.type", "must be function")
        if not rules.cache_control:
            check.need("cache_control" not in tool, f"{path}.cache_control", "is no field of this object")
        check.keys(tool, path, {"cache_control"}, {"type", "function"})
        function = check.object(tool.get("function"), f"{path}.function")
        check.keys(function, f"{path}.function", {"description", "parameters", "strict", "cache_control"}, {"name"})
        check.match(function.get("name"), f"{path}.function.name", _NAME)
        names.append(function.get("name"))
        if "parameters" in function:
            schemas.of_tool(check, function["parameters"], f"{path}.function.parameters")
    pairs(check, names, "tools")
    choice = body.get("tool_choice")
    if choice is not None:
        check.need(names, "tool_choice", "is only allowed with tools")
    if isinstance(choice, dict):
        chosen = check.object(choice.get("function"), "tool_choice.function").get("name")
        check.need(chosen in names, "tool_choice", f"there is no tool {chosen!r:.80}")
    elif choice is not None:
        check.one_of(choice, "tool_choice", {"none", "auto", "required", "any"})
