"""Converts Bedrock's answers: what whole answers and streams have in common, and whole answers."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..pivot import chat_parts, reasoning, thinking_blocks
from ..pivot.chat import choice, completion
from ..pivot.finish_reasons import broken, known
from . import citations

_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}

_MALFORMED: Final = frozenset({"malformed_model_output", "malformed_tool_use"})
"""The model's answer is none. Source: AWS, "Converse", `stopReason`."""

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
    """`{"message"}` without `output`; the type of the error is in a header, sometimes in `__type`."""
    message = document.get("message") or document.get("Message")
    if not isinstance(message, str) or "output" in document:
        return None
    kind = document.get("__type")
    return failure(status, kind.rpartition("#")[2] if isinstance(kind, str) else "", message)


def failure(status: int, kind: str, message: str) -> ApiError:
    if status < 400:
        status = _STATUS.get(kind.lower(), 502)
    return ApiError(status, message or kind or "error", code=kind or None)


def response(exchange: Exchange, document: Json) -> Json:
    if (problem := error(200, document)) is not None:
        raise problem
    output = document.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    blocks = message.get("content") if isinstance(message, dict) else None
    if not isinstance(blocks, list):
        raise bad_upstream("the upstream's answer has no output.message.content")
    texts: list[tuple[str, Json]] = []
    thinking: list[Json] = []
    calls: list[Json] = []
    for block in blocks:
        if not isinstance(block, dict):
            continue
        if isinstance(text := block.get("text"), str):
            texts.append((text, {}))
        elif isinstance(cited := block.get("citationsContent"), dict):
            texts.append((citations.text_of(cited), cited))
        elif isinstance(use := block.get("toolUse"), dict):
            call_id, name = lenient.text(use.get("toolUseId")), lenient.text(use.get("name"))
            calls.append(chat_parts.tool_call(len(calls), call_id, name, use.get("input")))
        elif isinstance(given := block.get("reasoningContent"), dict):
            thinking.append(_thinking_block(given))
    said = "".join(text for text, _ in texts)
    converted: Json = {"role": "assistant", "content": said}
    reasoning_fields = {"reasoning_content": "", **thinking_blocks.fields(thinking)}
    converted |= reasoning.whole({**converted, **reasoning_fields}, exchange.settings.reasoning_content_mode)
    converted |= {name: value for name, value in reasoning_fields.items() if name != "reasoning_content"}
    if annotations := citations.annotated(texts, len(converted["content"] or "") - len(said)):
        converted["annotations"] = annotations
    if calls:
        converted["tool_calls"] = calls
    reason = finish_reason(document.get("stopReason")) or ""
    counted = document.get("usage")
    tokens = usage(counted) if isinstance(counted, dict) else None
    return completion(exchange.answer.id, unquote(exchange.model), [choice(0, converted, reason)], tokens)


def _thinking_block(given: Json) -> Json:
    """A block of reasoning in Anthropic's format."""
    if redacted := lenient.text(given.get("redactedContent")):
        return {"type": "redacted_thinking", "data": redacted}
    inner = lenient.mapping(given.get("reasoningText"))
    return {
        "type": "thinking",
        "thinking": lenient.text(inner.get("text")),
        "signature": lenient.text(inner.get("signature")),
    }


def finish_reason(reason: Any) -> str | None:
    """Raises `ApiError` if the model's answer is malformed."""
    if not isinstance(reason, str) or not reason:
        return None
    if reason in _MALFORMED:
        raise broken(reason)
    return known(reason, _FINISH)


def usage(counted: Json) -> Json:
    return chat_parts.usage_beside_cache(
        counted,
        given="inputTokens",
        answered="outputTokens",
        read="cacheReadInputTokens",
        written="cacheWriteInputTokens",
    )
