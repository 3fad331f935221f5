"""Reads DashScope's answers: what whole answers and streams have in common."""

from __future__ import annotations

from typing import Any

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..pivot import chat_parts
from ..pivot.finish_reasons import known


def error(status: int, document: Json) -> ApiError | None:
    """`{"code", "message", "request_id"}` without `output`. In a body of status 200 the code gives the status."""
    code, message = document.get("code"), document.get("message")
    if not code or document.get("output"):
        return None
    code = str(code)
    if status < 400:
        status = next((known for prefix, known in _STATUS.items() if code.startswith(prefix)), 502)
    return ApiError(status, message if isinstance(message, str) and message else code, code=code)


# Statuses of errors in bodies of status 200, by prefix of the code; the first match counts.
# Source: help.aliyun.com/zh/dashscope/return-status-code-description
_STATUS = {
    "InvalidApiKey": 401,
    "Invalid": 400,
    "BadRequest.TooLarge": 413,
    "BadRequest": 400,
    "DataInspectionFailed": 400,
    "UnsupportedOperation": 400,
    "Arrearage": 400,
    "AccessDenied": 403,
    "Model.AccessDenied": 403,
    "ModelNotFound": 404,
    "RequestTimeOut": 408,
    "Throttling": 429,
    "InternalError": 500,
    "SystemError": 500,
}


def choices(answer: Json) -> list[tuple[Json, Json]]:
    """Pairs of message and choice."""
    output = lenient.mapping(answer.get("output"))
    choices = output.get("choices")
    if choices is None and isinstance(output.get("text"), str):
        # `result_format: text`, which some models use whatever the request says.
        item = {
            "finish_reason": output.get("finish_reason"),
            "message": {"role": "assistant", "content": output["text"]},
        }
        choices = [item]
    if not isinstance(choices, list):
        raise bad_upstream("the upstream's answer has no output.choices")
    pairs = []
    for item in choices:
        message = item.get("message") if isinstance(item, dict) else None
        if not isinstance(message, dict):
            raise bad_upstream("the upstream's answer has a choice without a message")
        content = message.get("content")
        if type(content) is not str and content is not None:  # a quick test for each event
            if not isinstance(content, list):
                raise bad_upstream("the upstream's answer has a content that is neither text nor parts")
            message = {**message, "content": "".join(map(_text, content))}
        calls = message.get("tool_calls")
        if calls is not None and not (isinstance(calls, list) and all(isinstance(one, dict) for one in calls)):
            raise bad_upstream("the upstream's answer has tool_calls that are not an array of objects")
        pairs.append((message, item))
    return pairs


def _text(part: Any) -> str:
    """The text of a part, usually `{"text"}`. OpenAI's answers have no place for files, so the text of a file is its
    address.
    """
    values = (lenient.mapping(part).get(name) for name in ("text", "image", "audio", "video"))
    return next((value for value in values if isinstance(value, str)), "")


def finish_reason(item: Json) -> str | None:
    """None while the answer is incomplete: then DashScope sends the string "null", null or an empty string."""
    reason = item.get("finish_reason")
    return known(reason) if isinstance(reason, str) and reason not in {"", "null"} else None


def usage(answer: Json) -> Json | None:
    usage = answer.get("usage")
    if not isinstance(usage, dict):
        return None
    result = chat_parts.usage(usage.get("input_tokens"), usage.get("output_tokens"), usage.get("total_tokens"))
    for name, source in (("prompt_tokens_details", "prompt_tokens_details"),
                         ("completion_tokens_details", "output_tokens_details")):  # fmt: skip
        if isinstance(usage.get(source), dict):
            result[name] = usage[source]
    return result
