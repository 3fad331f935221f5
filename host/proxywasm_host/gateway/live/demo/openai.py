"""OpenAI's protocol, as far as the demo needs it. Source: platform.openai.com/docs/api-reference."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from .model import Answer, answer, embedding

CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"
MODELS = "/v1/models"
_CREATED = 1_700_000_000


def asked(body: dict[str, Any]) -> Answer:
    return answer(str(body.get("model")), body.get("messages"), body)


def whole(body: dict[str, Any]) -> dict[str, Any]:
    given = asked(body)
    message: dict[str, Any] = {"role": "assistant", "content": given.text or None}
    if given.reasoning:
        message["reasoning_content"] = "".join(given.reasoning)
    if given.calls:
        message["tool_calls"] = given.calls
    choice = {"index": 0, "message": message, "finish_reason": given.finish_reason}
    return {**_head(body, "chat.completion"), "choices": [choice], "usage": _usage(given)}


def events(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    given = asked(body)
    head = _head(body, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}

    yield chunk({"role": "assistant", "content": ""})
    if given.calls:
        yield chunk({"tool_calls": [{"index": index, **call} for index, call in enumerate(given.calls)]})
    for kind, piece in given.steps:
        yield chunk({"content" if kind == "text" else "reasoning_content": piece})
    yield chunk({}, given.finish_reason)
    options = body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        yield {**head, "choices": [], "usage": _usage(given)}


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    asked_for = body.get("input")
    texts = [str(text) for text in asked_for] if isinstance(asked_for, list) else [str(asked_for)]
    vectors = [
        {"object": "embedding", "index": index, "embedding": embedding(text)} for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return {"object": "list", "data": vectors, "model": body.get("model"), "usage": usage}


def models() -> dict[str, Any]:
    names = ("qwen-max", "text-embedding-v4")
    entries = [{"id": name, "object": "model", "created": _CREATED, "owned_by": "proxywasm"} for name in names]
    return {"object": "list", "data": entries}


def error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4()}", "object": kind, "created": _CREATED, "model": body.get("model")}


def _usage(given: Answer) -> dict[str, Any]:
    usage: dict[str, Any] = {
        "prompt_tokens": given.input_tokens,
        "completion_tokens": given.output_tokens,
        "total_tokens": given.input_tokens + given.output_tokens,
    }
    if given.reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": len(given.reasoning)}
    return usage
