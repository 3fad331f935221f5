"""Tencent Hunyuan's own protocol for chat.

Source: Tencent Cloud API, "ChatCompletions", version 2023-09-01. The names of OpenAI's protocol in Pascal case; answers
stand in `Response`, the events of a stream do not. Errors come with status 200.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from proxywasm import Event, log

from ..call import Call
from ..chat import choice, completion
from ..errors import ApiError, bad_upstream
from ..jsonx import Json
from ..provider import Outgoing
from ..settings import HunyuanSettings, Settings
from ..signing import tc3
from ..writers import Writer
from ..writers.calls import place
from . import plain

__all__ = ["error", "event", "request", "response", "sign"]

# What Hunyuan calls what OpenAI has too. There is no limit for the length of an answer.
_PARAMETERS = {"top_p": "TopP", "temperature": "Temperature", "seed": "Seed"}

# `Moderation` and `Sensitive` end an answer that must not be.
_FINISH = {"sensitive": "content_filter", "moderation": "content_filter"}

# By how the code begins. Source: the API's list of error codes, and Tencent Cloud's common ones.
_STATUS = {
    "AuthFailure": 401,
    "UnauthorizedOperation": 403,
    "InvalidParameter": 400,
    "MissingParameter": 400,
    "UnknownParameter": 400,
    "UnsupportedOperation": 400,
    "InvalidAction": 400,
    "RequestSizeLimitExceeded": 413,
    "FailedOperation.FreeResourcePackExhausted": 402,
    "FailedOperation.ResourcePackExhausted": 402,
    "FailedOperation.ServiceStop": 402,
    "RequestLimitExceeded": 429,
    "LimitExceeded": 429,
    "FailedOperation": 500,
    "InternalError": 500,
}


def request(call: Call, body: Json) -> Json:
    call.headers["accept"] = "text/event-stream" if call.stream else "*/*"
    sent: Json = {"Model": call.model, "Messages": [_message(message) for message in plain.messages(body)]}
    if call.stream:
        sent["Stream"] = True
    sent |= {name: body[source] for source, name in _PARAMETERS.items() if body.get(source) is not None}
    if stop := plain.stops(body):
        sent["Stop"] = stop
    if tools := plain.objects(body.get("tools")):
        sent["Tools"] = [{"Type": "function", "Function": _function(tool.get("function"))} for tool in tools]
    chosen = body.get("tool_choice")
    if isinstance(chosen, dict):
        sent["ToolChoice"] = "custom"
        sent["CustomTool"] = {"Type": "function", "Function": _function(chosen.get("function"))}
    elif isinstance(chosen, str):
        sent["ToolChoice"] = "auto" if chosen == "required" else chosen  # Hunyuan cannot be forced to call any tool.
    return sent


def sign(settings: Settings, sent: Outgoing) -> Mapping[str, str]:
    assert isinstance(settings, HunyuanSettings)
    now = int(time.time())
    signed = {"content-type": "application/json", "host": sent.host, "x-tc-action": "ChatCompletions"}
    return {
        "content-type": "application/json",
        "x-tc-action": "ChatCompletions",
        "x-tc-version": "2023-09-01",
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


def response(call: Call, document: Json) -> Json:
    answer = document.get("Response", document)
    if not isinstance(answer, dict):
        raise bad_upstream("the upstream's Response is not an object")
    if (failure := error(200, document)) is not None:
        raise failure
    choices = []
    for index, item in enumerate(_choices(answer)):
        delta = _delta(item.get("Message"))
        delta = {"role": "assistant", "content": None, **delta}
        choices.append(choice(index, delta, _finish_reason(item)))
    return completion(plain.string(answer.get("Id")), call.model, choices, _usage(answer))


def event(call: Call, event: Event, document: Json, writer: Writer) -> None:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    answer = document.get("Response", document)
    if not isinstance(answer, dict):
        raise bad_upstream("the upstream sent an event without an answer")
    writer.begin(plain.string(answer.get("Id")))
    usage = _usage(answer)
    for position, item in enumerate(_choices(answer)):
        index = place(item.get("Index"), position)
        delta, reason = _delta(item.get("Delta")), _finish_reason(item)
        if reason is None or any(value for key, value in delta.items() if key != "role"):
            writer.delta(index, delta, usage=usage if reason is None else None)
        if reason is not None:
            writer.finish(index, reason, usage=usage)


def error(status: int, document: Json) -> ApiError | None:
    """`{"Response": {"Error": {"Code", "Message"}}}`, in a stream `{"ErrorMsg": {"Code", "Msg"}}`."""
    answer = document.get("Response", document)
    if not isinstance(answer, dict):
        return None
    problem = answer.get("Error") or answer.get("ErrorMsg")
    if not isinstance(problem, dict):
        return None
    code = str(problem.get("Code") or "")
    if status < 400:
        status = next((known for prefix, known in _STATUS.items() if code.startswith(prefix)), 502)
    message = plain.string(problem.get("Message")) or plain.string(problem.get("Msg")) or code or "unknown error"
    return ApiError(status, message, code=code or None)


def _message(given: Json) -> Json:
    content = given.get("content")
    message: Json = {"Role": given.get("role")}
    if isinstance(content, list) and any(part.get("type") != "text" for part in plain.objects(content)):
        message["Contents"] = [known for part in plain.objects(content) if (known := _part(part)) is not None]
    else:
        message["Content"] = plain.text_of(content)
    if calls := plain.objects(given.get("tool_calls")):
        message["ToolCalls"] = [
            {"Id": one.get("id"), "Type": "function", "Function": _function(one.get("function"))} for one in calls
        ]
    if given.get("tool_call_id") is not None:
        message["ToolCallId"] = given["tool_call_id"]
    return message


def _part(part: Json) -> Json | None:
    image = part.get("image_url")
    if part.get("type") == "image_url":
        return {"Type": "image_url", "ImageUrl": {"Url": image.get("url") if isinstance(image, dict) else image}}
    if part.get("type") == "text":
        return {"Type": "text", "Text": plain.string(part.get("text"))}
    log.warn("a content part of type %s dropped: Hunyuan knows none like it", part.get("type"))
    return None


def _function(function: Any) -> Json:
    """A function to call, or a call of it. The schema of the parameters is JSON in a string here."""
    if not isinstance(function, dict):
        return {}
    names = {"name": "Name", "description": "Description", "arguments": "Arguments"}
    result: Json = {name: function[key] for key, name in names.items() if key in function}
    if function.get("parameters") is not None:
        result["Parameters"] = plain.compact(function["parameters"])
    return result


def _choices(answer: Json) -> list[Json]:
    choices = answer.get("Choices")
    if not isinstance(choices, list) or not all(isinstance(item, dict) for item in choices):
        raise bad_upstream("the upstream's answer has no Choices")
    return choices


def _delta(message: Any) -> Json:
    message = message if isinstance(message, dict) else {}
    delta: Json = {"role": plain.string(message.get("Role")) or "assistant"}
    if isinstance(message.get("Content"), str):
        delta["content"] = message["Content"]
    if thought := plain.string(message.get("ReasoningContent")):
        delta["reasoning_content"] = thought
    if calls := plain.objects(message.get("ToolCalls")):
        delta["tool_calls"] = [_tool_call(one, position) for position, one in enumerate(calls)]
    return delta


def _tool_call(given: Json, position: int) -> Json:
    function = given.get("Function")
    function = function if isinstance(function, dict) else {}
    call: Json = {"index": place(given.get("Index"), position)}
    if identity := plain.string(given.get("Id")):
        call |= {"id": identity, "type": "function"}
    call["function"] = {"arguments": plain.string(function.get("Arguments"))}
    if name := plain.string(function.get("Name")):
        call["function"]["name"] = name
    return call


def _finish_reason(item: Json) -> str | None:
    reason = plain.string(item.get("FinishReason"))
    return _FINISH.get(reason, reason) or None


def _usage(answer: Json) -> Json | None:
    usage = answer.get("Usage")
    if not isinstance(usage, dict):
        return None
    return plain.usage(usage.get("PromptTokens"), usage.get("CompletionTokens"), usage.get("TotalTokens"))
