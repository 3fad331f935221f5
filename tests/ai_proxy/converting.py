"""Configurations and answers of the providers that have a protocol of their own and only chat."""

from __future__ import annotations

import json
from typing import Any

from tests.ai_proxy.gateway import STREAM, Json, Outcome, ask, events

HUNYUAN: Json = {
    "type": "hunyuan",
    "hunyuanAuthId": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "hunyuanAuthKey": "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
}
MINIMAX: Json = {"type": "minimax", "apiTokens": ["sk-1"], "minimaxApiType": "pro", "minimaxGroupId": "7"}
DIFY: Json = {"type": "dify", "apiTokens": ["app-1"], "botType": "Chat"}
WORKFLOW: Json = {**DIFY, "botType": "Workflow", "inputVariable": "in", "outputVariable": "out"}
COHERE: Json = {"type": "cohere", "apiTokens": ["co-1"]}
DEEPL: Json = {"type": "deepl", "apiTokens": ["dl-1"], "targetLang": "DE", "modelMapping": {"*": "Pro"}}
SPARK: Json = {"type": "spark", "apiTokens": ["k:s"]}
TRITON: Json = {"type": "triton", "tritonDomain": "triton.example.com", "apiTokens": ["t-1"]}

ALL: dict[str, Json] = {
    "hunyuan": HUNYUAN,
    "minimax": MINIMAX,
    "dify": DIFY,
    "workflow": WORKFLOW,
    "cohere": COHERE,
    "deepl": DEEPL,
    "spark": SPARK,
    "triton": TRITON,
}

ERRORS: dict[str, tuple[Json, int, str]] = {
    "hunyuan": ({"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}}}, 429, "slow down"),
    "minimax": ({"base_resp": {"status_code": 1004, "status_msg": "login fail"}, "choices": []}, 401, "login fail"),
    "dify": ({"event": "error", "status": 400, "code": "invalid_param", "message": "no query"}, 400, "no query"),
    "workflow": (
        {"event": "workflow_finished", "data": {"status": "failed", "error": "node broke", "outputs": None}},
        502,
        "node broke",
    ),
    "cohere": ({"message": "invalid api token"}, 502, "invalid api token"),
    "deepl": ({"message": "Quota Exceeded"}, 429, "Quota Exceeded"),
    "spark": ({"code": 10013, "message": "input is not allowed", "sid": "s"}, 400, "input is not allowed"),
    "triton": ({"error": "model is not ready"}, 502, "model is not ready"),
}
"""What the provider says of an error, in an answer of status 200; the status it means, and the message."""


def chunks(name: str) -> list[Any]:
    """The documents of a stream that says "Hi there" and ends well."""
    hunyuan = {"Id": "h", "Usage": {"PromptTokens": 1, "CompletionTokens": 2, "TotalTokens": 3}}
    spark = {"code": 0, "sid": "s"}
    message = {"message": {"content": {"type": "text", "text": "Hi"}}}
    table: dict[str, list[Any]] = {
        "hunyuan": [
            {**hunyuan, "Choices": [{"Delta": {"Role": "assistant", "Content": "Hi"}, "FinishReason": ""}]},
            {**hunyuan, "Choices": [{"Delta": {"Role": "assistant", "Content": " there"}, "FinishReason": "stop"}]},
        ],
        "minimax": [
            {"choices": [{"messages": [{"sender_type": "BOT", "sender_name": "B", "text": "Hi"}]}]},
            {"choices": [{"messages": [{"sender_type": "BOT", "sender_name": "B", "text": " there"}]}]},
            {
                "id": "m",
                "choices": [{"finish_reason": "stop", "messages": [{"sender_name": "B", "text": "Hi there"}]}],
                "usage": {"total_tokens": 3},
                "base_resp": {"status_code": 0},
            },
        ],
        "dify": [
            {"event": "message", "conversation_id": "c", "answer": "Hi"},
            {"event": "agent_thought", "conversation_id": "c", "thought": "hm"},
            {"event": "ping"},
            {"event": "agent_message", "conversation_id": "c", "answer": " there"},
            {"event": "message_end", "conversation_id": "c", "metadata": {"usage": {"prompt_tokens": 1}}},
        ],
        "workflow": [
            {"event": "workflow_started", "data": {"workflow_id": "w"}},
            {"event": "node_finished", "data": {"outputs": {"out": "draft"}}},
            {"event": "workflow_finished", "data": {"workflow_id": "w", "outputs": {"out": "Hi there"}}},
        ],
        "cohere": [
            {"type": "message-start", "id": "co", "delta": {"message": {"role": "assistant"}}},
            {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
            {"type": "content-delta", "index": 0, "delta": message},
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": " there"}}}},
            {"type": "content-end", "index": 0},
            {
                "type": "message-end",
                "delta": {"finish_reason": "MAX_TOKENS", "usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}}},
            },
        ],
        "spark": [
            {**spark, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}}]},
            {**spark, "choices": [{"index": 0, "delta": {"content": " there"}}], "usage": {"total_tokens": 3}},
        ],
        "triton": [{"id": "t", "text_output": "Hi"}, {"id": "t", "text_output": " there"}],
    }
    return table[name]


TALK: Json = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What"}, {"type": "text", "text": "is this?"}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at":"it"}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ],
}  # fmt: skip
TOOL: Json = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
STREAMING = [name for name in ALL if name != "deepl"]


def sse(*documents: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)


def streamed(name: str, *more: bytes, documents: list[Any] | None = None) -> Outcome:
    given = chunks(name) if documents is None else documents
    done = (b"data: [DONE]\n\n",) if name == "spark" and documents is None else ()
    return ask(ALL[name], {**STREAM, "model": "m"}, events(*map(sse, given), *done, *more, b""))
