"""Converts answers of Tencent Hunyuan's own protocol for chat.

Source: Tencent Cloud API, "ChatCompletions". A whole answer is in `Response`, an event of a stream is not. Errors have
status 200.
"""

from __future__ import annotations

from typing import Any

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..pivot import chat_parts
from ..pivot.chat import choice, completion
from ..pivot.finish_reasons import known
from ..pivot.tool_calls import place

# Finish reasons of answers that Tencent's moderation stops.
_FINISH = {"sensitive": "content_filter", "moderation": "content_filter"}

# By prefix of the code. Source: the API's list of error codes, and Tencent Cloud's common ones.
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


def response(exchange: Exchange, document: Json) -> Json:
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
    return completion(lenient.text(answer.get("Id")), exchange.model, choices, _usage(answer))


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    answer = document.get("Response", document)
    if not isinstance(answer, dict):
        raise bad_upstream("the upstream sent an event without an answer")
    writer.begin(lenient.text(answer.get("Id")))
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
    message = lenient.text(problem.get("Message")) or lenient.text(problem.get("Msg")) or code or "unknown error"
    return ApiError(status, message, code=code or None)


def _choices(answer: Json) -> list[Json]:
    choices = answer.get("Choices")
    if not isinstance(choices, list) or not all(isinstance(item, dict) for item in choices):
        raise bad_upstream("the upstream's answer has no Choices")
    return choices


def _delta(message: Any) -> Json:
    message = lenient.mapping(message)
    delta: Json = {"role": lenient.text(message.get("Role")) or "assistant"}
    if isinstance(message.get("Content"), str):
        delta["content"] = message["Content"]
    if reasoning := lenient.text(message.get("ReasoningContent")):
        delta["reasoning_content"] = reasoning
    if calls := lenient.objects(message.get("ToolCalls")):
        delta["tool_calls"] = [_tool_call(one, position) for position, one in enumerate(calls)]
    return delta


def _tool_call(given: Json, position: int) -> Json:
    function = lenient.mapping(given.get("Function"))
    call: Json = {"index": place(given.get("Index"), position)}
    if identity := lenient.text(given.get("Id")):
        call |= {"id": identity, "type": "function"}
    call["function"] = {"arguments": lenient.text(function.get("Arguments"))}
    if name := lenient.text(function.get("Name")):
        call["function"]["name"] = name
    return call


def _finish_reason(item: Json) -> str | None:
    reason = lenient.text(item.get("FinishReason"))
    return known(reason, _FINISH) if reason else None


def _usage(answer: Json) -> Json | None:
    usage = answer.get("Usage")
    if not isinstance(usage, dict):
        return None
    # In some answers this number is a text.
    cached = lenient.mapping(usage.get("PromptTokensDetails")).get("CachedTokens")
    cached = lenient.digits(cached) or cached
    return chat_parts.usage(
        usage.get("PromptTokens"), usage.get("CompletionTokens"), usage.get("TotalTokens"), cached=cached
    )
