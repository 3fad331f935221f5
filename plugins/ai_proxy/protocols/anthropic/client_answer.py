"""Converts whole answers of the pivot to Anthropic's messages."""

from __future__ import annotations

import uuid

from proxywasm import JsonTooComplexError

from ...wire import lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json, check_together
from ..exchange import Exchange
from ..pivot import call_signatures, thinking_blocks
from ..pivot.identifiers import escaped_id
from ..pivot.message_content import lenient_text
from ..pivot.tool_calls import arguments_of, parse_arguments
from .citations import Cited
from .parts import STOP_REASONS, usage


def response(exchange: Exchange, answer: Json) -> Json:
    choices = answer.get("choices")
    if not isinstance(choices, list):
        raise bad_upstream("the upstream's answer has no choices")
    choice = choices[0] if choices else {}
    message = choice.get("message", {}) if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise bad_upstream("the upstream's answer has a choice without a message")
    reason = choice.get("finish_reason")
    if not reason:
        # A whole answer has ended, also if the service gives no finish reason, or no choice at all.
        reason = "tool_calls" if message.get("tool_calls") else "stop"
    content = _content(message)
    called = any(block["type"] == "tool_use" for block in content)
    if called and reason == "stop":
        reason = "tool_calls"  # As OpenAI says it where the client has forced the call.
    elif not called and reason in ("tool_calls", "function_call"):
        reason = "stop"
    counted = answer.get("usage")
    return {
        "id": lenient.text(answer.get("id")) or f"msg_{uuid.uuid4()}",
        "type": "message",
        "role": "assistant",
        "content": content,
        "model": lenient.text(answer.get("model")) or exchange.model,
        "stop_reason": STOP_REASONS.get(reason, "end_turn") if isinstance(reason, str) else None,
        "stop_sequence": None,
        "usage": usage(counted if isinstance(counted, dict) else None),
    }


def _sign(blocks: list[Json], signature: str) -> None:
    """A thinking block in front of a call carries its signature: the last block, or an empty one."""
    if not blocks or blocks[-1]["type"] != "thinking" or blocks[-1]["signature"]:
        blocks.append({"type": "thinking", "thinking": "", "signature": ""})
    blocks[-1] = {**blocks[-1], "signature": signature}


def _content(message: Json) -> list[Json]:
    blocks = thinking_blocks.signed(message)
    calls = message.get("tool_calls")
    reasoning = lenient_text(message.get("reasoning_content")) or lenient_text(message.get("reasoning"))
    if reasoning and not blocks:
        blocks.append({"type": "thinking", "signature": "", "thinking": reasoning})
    if text := lenient_text(message.get("content")) or lenient_text(message.get("refusal")):
        blocks.append({"type": "text", "text": text})
        if cited := Cited().new(message):
            blocks[-1]["citations"] = cited
    try:
        check_together(arguments_of(calls))
    except JsonTooComplexError as error:
        raise bad_upstream(f"the upstream's answer has too much in its tool calls: {error}") from None
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise bad_upstream("the upstream's answer has a tool call without a function")
        if signature := call_signatures.of_call(call):
            _sign(blocks, call_signatures.block_signature(signature))
        call_id, name = lenient.text(call.get("id")), lenient.text(function.get("name"))
        blocks.append(
            {
                "type": "tool_use",
                "id": escaped_id(call_id) if call_id else f"toolu_{uuid.uuid4()}",
                "name": name,
                "input": parse_arguments(name, function.get("arguments")),
            }
        )
    return blocks
