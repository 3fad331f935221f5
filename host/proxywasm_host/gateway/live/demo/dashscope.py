"""DashScope's own protocol, as far as the demo needs it.

Source: help.aliyun.com, "Model Studio", "DashScope API reference".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from .model import Answer, answer, embedding

CHAT = "/api/v1/services/aigc/text-generation/generation"
MULTIMODAL = "/api/v1/services/aigc/multimodal-generation/generation"
"""Of models that read images; the demo's model answers there, too."""
EMBEDDINGS = "/api/v1/services/embeddings/text-embedding/text-embedding"


def asked(body: dict[str, Any]) -> Answer:
    messages = _object(body.get("input")).get("messages")
    return answer(str(body.get("model")), messages, _object(body.get("parameters")))


def whole(body: dict[str, Any]) -> dict[str, Any]:
    given = asked(body)
    message: dict[str, Any] = {"role": "assistant", "content": given.text}
    if given.reasoning:
        message["reasoning_content"] = "".join(given.reasoning)
    if given.calls:
        message["tool_calls"] = given.calls
    return _answer(given, message, given.finish_reason, given.output_tokens, str(uuid.uuid4()))


def events(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """With `incremental_output` each event has what is new, without it all so far."""
    given, request_id = asked(body), str(uuid.uuid4())
    incremental = _object(body.get("parameters")).get("incremental_output") is True
    if given.calls:
        yield whole(body)
        return
    reasoning, text = "", ""
    for count, (kind, piece) in enumerate(given.steps, 1):
        if incremental:
            reasoning, text = "", ""
        if kind == "reasoning":
            reasoning += piece
        else:
            text += piece
        message = {"role": "assistant", "content": text} | ({"reasoning_content": reasoning} if reasoning else {})
        yield _answer(given, message, "stop" if count == len(given.steps) else "null", count, request_id)


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = _object(body.get("input")).get("texts")
    texts = [str(text) for text in texts] if isinstance(texts, list) else []
    vectors = [{"text_index": index, "embedding": embedding(text)} for index, text in enumerate(texts)]
    return {"output": {"embeddings": vectors}, "usage": {"total_tokens": len(texts)}, "request_id": str(uuid.uuid4())}


def error(message: str) -> dict[str, Any]:
    return {"code": "InvalidParameter", "message": message, "request_id": str(uuid.uuid4())}


def _answer(given: Answer, message: dict[str, Any], finish_reason: str, tokens: int, request_id: str) -> dict[str, Any]:
    total = given.input_tokens + tokens
    usage: dict[str, Any] = {"input_tokens": given.input_tokens, "output_tokens": tokens, "total_tokens": total}
    if given.reasoning:
        usage["output_tokens_details"] = {"reasoning_tokens": min(tokens, len(given.reasoning))}
    output = {"choices": [{"message": message, "finish_reason": finish_reason}]}
    return {"output": output, "usage": usage, "request_id": request_id}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
