"""Converts Anthropic's answers: what whole answers and streams have in common, and whole answers."""

from __future__ import annotations

from typing import Any, Final

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..pivot import chat_parts, thinking_blocks
from ..pivot.chat import choice, completion
from ..pivot.citations import CitedText, address
from ..pivot.finish_reasons import known

_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}

# Source: docs.anthropic.com, "Errors".
_STATUS: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def error(status: int, document: Json) -> ApiError | None:
    """`{"type": "error", "error": {"type", "message"}}`. In a body of status 200 the type gives the status."""
    inner = document.get("error")
    if not isinstance(inner, dict):
        return None
    kind = str(inner.get("type") or "")
    if status < 400:
        status = _STATUS.get(kind, 502)
    message = inner.get("message")
    return ApiError(status, message if isinstance(message, str) and message else kind or "error", code=kind or None)


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    blocks = document.get("content")
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise bad_upstream("the upstream's answer has no content blocks")
    texts: list[str] = []
    thinking: list[Json] = []
    calls: list[Json] = []
    cited, annotations = CitedText(), list[Json]()
    for block in blocks:
        kind = block.get("type")
        if kind == "text":
            texts.append(lenient.text(block.get("text")))
            cited.begin()
            cited.length += len(texts[-1])
            for citation in lenient.objects(block.get("citations")):
                cite(cited, citation)
            annotations += cited.end()
        elif kind in ("thinking", "redacted_thinking"):
            thinking.append(block)
        elif kind == "tool_use":
            name, call_id = lenient.text(block.get("name")), lenient.text(block.get("id"))
            calls.append(chat_parts.tool_call(len(calls), call_id, name, block.get("input")))
    message: Json = {"role": "assistant", "content": "".join(texts), **thinking_blocks.fields(thinking)}
    if annotations:
        message["annotations"] = annotations
    if calls:
        message["tool_calls"] = calls
    counted = document.get("usage")
    tokens = usage(counted) if isinstance(counted, dict) else {}
    return completion(
        lenient.text(document.get("id")),
        exchange.model,
        [choice(0, message, finish_reason(document.get("stop_reason")) or "")],
        tokens if tokens.get("total_tokens") else None,
    )


def cite(cited: CitedText, citation: Json) -> None:
    """Add a citation of a web page, or of a search result with an address. OpenAI's chats cite nothing else."""
    if source := address(citation.get("url")) or address(citation.get("source")):
        cited.cite(source, lenient.text(citation.get("title")), lenient.text(citation.get("cited_text")))


def finish_reason(reason: Any) -> str | None:
    return known(reason, _FINISH) if isinstance(reason, str) and reason else None


COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def usage(counted: Json) -> Json:
    given, answered, read, written = COUNTS
    return chat_parts.usage_beside_cache(counted, given=given, answered=answered, read=read, written=written)
