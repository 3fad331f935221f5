"""Bedrock's answers, as far as they are the same for whole ones and the events of a stream."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

from .. import thoughts
from ..call import Call
from ..chat import choice, completion
from ..errors import ApiError, bad_upstream
from ..jsonx import Json
from . import content, qwen_reasoning

_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}

# Source: docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
_STATUS: Final = {
    "validationexception": 400,
    "accessdeniedexception": 403,
    "resourcenotfoundexception": 404,
    "modeltimeoutexception": 408,
    "throttlingexception": 429,
    "servicequotaexceededexception": 429,
    "modelnotreadyexception": 429,
    "internalserverexception": 500,
    "modelstreamerrorexception": 502,
    "modelerrorexception": 502,
    "serviceunavailableexception": 503,
}


def error(status: int, document: Json) -> ApiError | None:
    """`{"message"}`, where answers have `output`; the type is in a header, sometimes in `__type`."""
    message = document.get("message") or document.get("Message")
    if not isinstance(message, str) or "output" in document:
        return None
    kind = document.get("__type")
    return failure(status, kind.rpartition("#")[2] if isinstance(kind, str) else "", message)


def failure(status: int, kind: str, message: str) -> ApiError:
    if status < 400:
        status = _STATUS.get(kind.lower(), 502)
    return ApiError(status, message or kind or "error", code=kind or None)


def response(call: Call, document: Json) -> Json:
    if (problem := error(200, document)) is not None:
        raise problem
    output = document.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    blocks = message.get("content") if isinstance(message, dict) else None
    if not isinstance(blocks, list):
        raise bad_upstream("the upstream's answer has no output.message.content")
    texts: list[str] = []
    thought: list[Json] = []
    calls: list[Json] = []
    for block in blocks:
        if not isinstance(block, dict):
            continue
        if isinstance(text := block.get("text"), str):
            texts.append(text)
        elif isinstance(use := block.get("toolUse"), dict):
            call_id, name = _text(use.get("toolUseId")), _text(use.get("name"))
            calls.append(content.tool_call(len(calls), call_id, name, use.get("input")))
        elif isinstance(reasoning := block.get("reasoningContent"), dict):
            thought.append(_thought(reasoning))
    said: Json = {"role": "assistant", "content": "".join(texts)}
    told = {"reasoning_content": "", **thoughts.fields(thought)}
    said |= qwen_reasoning.whole({**said, **told}, call.settings.reasoning_content_mode)
    if call.front:  # OpenAI's clients would not send any of it back.
        said |= {name: value for name, value in told.items() if name != "reasoning_content"}
    if calls:
        said["tool_calls"] = calls
    reason = finish_reason(document.get("stopReason")) or ""
    counted = document.get("usage")
    usages = usage(counted) if isinstance(counted, dict) else None
    return completion(call.answer_id, unquote(call.model), [choice(0, said, reason)], usages)


def _thought(reasoning: Json) -> Json:
    """Reasoning as Anthropic has it."""
    if redacted := _text(reasoning.get("redactedContent")):
        return {"type": "redacted_thinking", "data": redacted}
    inner = reasoning.get("reasoningText")
    inner = inner if isinstance(inner, dict) else {}
    return {"type": "thinking", "thinking": _text(inner.get("text")), "signature": _text(inner.get("signature"))}


def finish_reason(reason: Any) -> str | None:
    return _FINISH.get(reason, reason) if isinstance(reason, str) and reason else None


def usage(counted: Json) -> Json:
    return content.usage(
        counted,
        given="inputTokens",
        answered="outputTokens",
        read="cacheReadInputTokens",
        written="cacheWriteInputTokens",
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
