"""Source: platform.openai.com, API reference, "The chat completion object" and "The chat completion chunk object"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..problems import Checker, Json

_DETAILS: Final = (
    ("prompt_tokens_details", "cached_tokens", "prompt_tokens"),
    ("completion_tokens_details", "reasoning_tokens", "completion_tokens"),
)
"""Parts of the usage, and the numbers that include them."""
_ERROR: Final = {"message", "type", "param", "code"}
_FINISH: Final = {"stop", "length", "tool_calls", "content_filter", "function_call"}


def check_answer(check: Checker, answer: Json) -> None:
    check.need(answer.get("object") == "chat.completion", "object", "must be chat.completion")
    check.text(answer.get("id"), "id")
    check.need(isinstance(answer.get("created"), int), "created", "must be a time")
    for path, choice in check.objects(answer.get("choices"), "choices", empty=True):
        check.number(choice.get("index"), f"{path}.index", 0)
        check.one_of(choice.get("finish_reason"), f"{path}.finish_reason", _FINISH)
        message = check.object(choice.get("message"), f"{path}.message")
        check.need(message.get("role") == "assistant", f"{path}.message.role", "must be assistant")
        content = message.get("content")
        check.need(content is None or isinstance(content, str), f"{path}.message.content", "must be a text or null")
        _annotations(check, message.get("annotations"), f"{path}.message.annotations", len(content or ""))
        calls = message.get("tool_calls")
        for place, call in check.objects(calls, f"{path}.message.tool_calls") if calls is not None else ():
            check.text(call.get("id"), f"{place}.id")
            check.need(call.get("type") == "function", f"{place}.type", "must be function")
            function = check.object(call.get("function"), f"{place}.function")
            check.text(function.get("name"), f"{place}.function.name")
            _arguments(check, function.get("arguments"), f"{place}.function.arguments")
        called = bool(calls or message.get("function_call"))
        reason = choice.get("finish_reason")
        check.need(called or reason not in {"tool_calls", "function_call"}, path, "finishes with calls, and has none")
    if answer.get("usage") is not None:
        _usage(check, answer["usage"], "usage")


def _annotations(check: Checker, given: Any, path: str, length: int | None = None) -> None:
    """Citations of web pages, each with its place in the message."""
    for place, one in check.objects(given, path, empty=True) if given is not None else ():
        check.need(one.get("type") == "url_citation", f"{place}.type", "must be url_citation")
        cited = check.object(one.get("url_citation"), f"{place}.url_citation")
        check.text(cited.get("url"), f"{place}.url_citation.url")
        check.need(isinstance(cited.get("title"), str), f"{place}.url_citation.title", "must be a text")
        if check.number(cited.get("start_index"), f"{place}.url_citation.start_index", 0):
            check.number(cited.get("end_index"), f"{place}.url_citation.end_index", cited["start_index"], length)


def _arguments(check: Checker, text: Any, path: str) -> None:
    """A JSON object: SDKs parse it."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        value = None
    check.need(isinstance(value, dict), path, f"must be a JSON object, is {text!r:.80}")


def _usage(check: Checker, usage: Any, path: str) -> None:
    usage = check.object(usage, path)
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        check.number(usage.get(name), f"{path}.{name}", 0)
    for name, inner, whole in _DETAILS:
        if (details := usage.get(name)) is not None:
            part = check.object(details, f"{path}.{name}").get(inner, 0) or 0
            check.number(part, f"{path}.{name}.{inner}", 0, usage.get(whole) or 0)


@dataclass
class _Choice:
    calls: list[list[str]] = field(default_factory=list)
    reason: str | None = None


def check_stream(check: Checker, data: Sequence[str]) -> None:
    """A role comes first, a finish last; calls are numbered from 0 and have id and name in their first piece; usage
    comes after all that, once; then `[DONE]`, or, at any place, an error.
    """
    if not check.need(data, "$", "has no events"):
        return
    choices: dict[int, _Choice] = {}
    ids: set[Any] = set()
    failed = usage = False
    for number, text in enumerate(data):
        path = f"event {number}"
        if text == "[DONE]":
            check.need(number == len(data) - 1, path, "nothing follows [DONE]")
            continue
        chunk = json.loads(text)
        if "error" in chunk:
            failed = True
            check_error(check, chunk)
            check.need(number == len(data) - 1, path, "nothing follows an error")
            continue
        check.need(chunk.get("object") == "chat.completion.chunk", f"{path}.object", "must be chat.completion.chunk")
        ids.add((chunk.get("id"), chunk.get("created"), chunk.get("model")))
        check.text(chunk.get("id"), f"{path}.id")
        check.need(isinstance(chunk.get("created"), int), f"{path}.created", "must be a time")
        check.need(not usage, path, "nothing follows the usage")
        if chunk.get("usage") is not None:
            _usage(check, chunk["usage"], f"{path}.usage")
            usage = not any(one.get("delta") or one.get("finish_reason") for one in chunk["choices"])
        for place, one in check.objects(chunk.get("choices"), f"{path}.choices", empty=True):
            if one.get("delta") or one.get("finish_reason"):
                _piece(check, choices, one, place)
    check.need(len(ids) <= 1, "$", "id, created and model are the same in all chunks")
    if failed:
        return
    check.need(data[-1] == "[DONE]", "$", "must end with [DONE]")
    for index, choice in choices.items():
        check.need(choice.reason is not None, f"choice {index}", "has no finish reason")
        last = len(choice.calls)
        check.need(last or choice.reason != "tool_calls", f"choice {index}", "finishes with calls, and has none")
        for number, (_, name, arguments) in enumerate(choice.calls, 1):
            check.text(name, f"choice {index}: name of a call")
            if choice.reason == "length" and number == last:
                continue  # The limit may have cut it.
            _arguments(check, arguments, f"choice {index}: arguments of {name}")


def _piece(check: Checker, choices: dict[int, _Choice], one: Json, path: str) -> None:
    delta = check.object(one.get("delta"), f"{path}.delta")
    if one.get("index") not in choices and "function_call" not in delta:
        check.need(delta.get("role"), f"{path}.delta.role", "comes first")
    choice = choices.setdefault(one.get("index", -1), _Choice())
    check.need(choice.reason is None, path, "nothing follows the finish of a choice")
    content = delta.get("content")
    check.need(content is None or isinstance(content, str), f"{path}.delta.content", "must be a text or null")
    _annotations(check, delta.get("annotations"), f"{path}.delta.annotations")
    calls = delta.get("tool_calls")
    for place, call in check.objects(calls, f"{path}.delta.tool_calls") if calls is not None else ():
        index, function = call.get("index"), check.object(call.get("function"), f"{place}.function")
        if index == len(choice.calls):
            check.text(call.get("id"), f"{place}.id")
            choice.calls.append([call.get("id", ""), function.get("name") or "", ""])
        elif check.need(isinstance(index, int) and 0 <= index < len(choice.calls), f"{place}.index", "has a gap"):
            check.need(not function.get("name"), f"{place}.function.name", "comes once, in the first piece")
        if isinstance(index, int) and 0 <= index < len(choice.calls):
            choice.calls[index][2] += function.get("arguments") or ""
    reason = one.get("finish_reason")
    if reason is not None:
        check.one_of(reason, f"{path}.finish_reason", _FINISH)
        choice.reason = reason


def check_error(check: Checker, document: Json) -> None:
    error = check.object(document.get("error"), "error")
    check.text(error.get("message"), "error.message")
    check.need(error.keys() <= _ERROR or "type" not in error, "error", f"has other fields than {sorted(_ERROR)}")
