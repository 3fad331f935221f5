"""What a client is told: its answers, whole and streamed, in no protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.ai_proxy.gateway import Json


@dataclass
class Told:
    text: str = ""
    thinking: str = ""
    signature: str = ""
    redacted: str = ""
    """Encrypted thinking."""
    calls: list[tuple[str, str, Json]] = field(default_factory=list)
    """Id, name and arguments of each."""
    end: str = ""
    """`end`, `length`, `calls` or `blocked`."""
    prompt: int = 0
    cached: int = 0
    output: int = 0


_ENDS: Final = {
    "stop": "end", "length": "length", "tool_calls": "calls", "content_filter": "blocked", "end_turn": "end",
    "max_tokens": "length", "tool_use": "calls", "refusal": "blocked", "max_output_tokens": "length",
}  # fmt: skip


def of_answer(client: str, answer: Json) -> Told:
    return _READERS[client](answer)


def of_stream(client: str, data: Sequence[str]) -> Told:
    return _READERS[client](_JOINERS[client]([json.loads(one) for one in data if one != "[DONE]"]))


def _openai(answer: Json) -> Told:
    message, usage = answer["choices"][0]["message"], answer["usage"]
    calls = message.get("tool_calls") or []
    return Told(
        message.get("content") or "",
        message.get("reasoning_content") or "",
        message.get("reasoning_signature") or "",
        message.get("reasoning_redacted_content") or "",
        [(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls],
        _ENDS[answer["choices"][0]["finish_reason"]],
        usage["prompt_tokens"],
        (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
        usage["completion_tokens"],
    )


_TEXTS: Final = ("content", "reasoning_content", "reasoning_signature", "reasoning_redacted_content")


def _joined_chunks(chunks: list[Json]) -> Json:
    message: Json = {**dict.fromkeys(_TEXTS, ""), "tool_calls": []}
    answer: Json = {"choices": [{"message": message}]}
    for chunk in chunks:
        answer["usage"] = chunk.get("usage") or answer.get("usage")
        for choice in chunk["choices"]:
            delta = choice["delta"]
            for name in _TEXTS:
                message[name] += delta.get(name) or ""
            for piece in delta.get("tool_calls") or ():
                if piece["index"] == len(message["tool_calls"]):
                    message["tool_calls"].append(
                        {"id": piece["id"], "function": {"name": piece["function"]["name"], "arguments": ""}}
                    )
                message["tool_calls"][piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]
            if choice.get("finish_reason"):
                answer["choices"][0]["finish_reason"] = choice["finish_reason"]
    return answer


def _anthropic(message: Json) -> Told:
    blocks, usage = message["content"], message["usage"]
    kinds = ("text", "thinking", "redacted_thinking", "tool_use")
    of = {kind: [block for block in blocks if block["type"] == kind] for kind in kinds}
    caches = [usage.get(name) or 0 for name in ("cache_read_input_tokens", "cache_creation_input_tokens")]
    return Told(
        "".join(block["text"] for block in of["text"]),
        "".join(block["thinking"] for block in of["thinking"]),
        "".join(block["signature"] for block in of["thinking"]),
        "".join(block["data"] for block in of["redacted_thinking"]),
        [(block["id"], block["name"], block["input"]) for block in of["tool_use"]],
        _ENDS[message["stop_reason"]],
        usage["input_tokens"] + sum(caches),
        caches[0],
        usage["output_tokens"],
    )


_GROWING: Final = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


def _joined_events(events: list[Json]) -> Json:
    message: Json = {"content": []}
    for event in events:
        kind = event["type"]
        if kind == "message_start":
            message["usage"] = event["message"]["usage"]
        elif kind == "content_block_start":
            message["content"].append({**event["content_block"], "json": ""})
        elif kind == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            name = _GROWING.get(delta["type"], "json")
            block[name] += delta["partial_json" if name == "json" else name]
        elif kind == "content_block_stop" and message["content"][event["index"]]["json"]:
            message["content"][event["index"]]["input"] = json.loads(message["content"][event["index"]]["json"])
        elif kind == "message_delta":
            message["stop_reason"] = event["delta"]["stop_reason"]
            message["usage"] = {**message["usage"], **event["usage"]}
    return message


def _responses(response: Json) -> Told:
    items, usage = response["output"], response["usage"]
    told = Told(
        prompt=usage["input_tokens"],
        cached=usage["input_tokens_details"]["cached_tokens"],
        output=usage["output_tokens"],
    )
    for item in items:
        if item["type"] == "message":
            told.text += "".join(part["text"] for part in item["content"] if part["type"] == "output_text")
        elif item["type"] == "reasoning":
            told.thinking += "".join(part["text"] for part in item.get("content") or item["summary"])
            for block in json.loads(item.get("encrypted_content") or "[]"):
                told.signature += block.get("signature") or ""
                told.redacted += block.get("data") or ""
        elif item["type"] == "function_call":
            told.calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
    reason = (response.get("incomplete_details") or {}).get("reason")
    told.end = _ENDS[reason] if reason else "calls" if told.calls else "end"
    return told


def _last_response(events: list[Json]) -> Json:
    response: Json = events[-1]["response"]
    return response


_READERS: Final = {"openai": _openai, "anthropic": _anthropic, "responses": _responses}
_JOINERS: Final = {"openai": _joined_chunks, "anthropic": _joined_events, "responses": _last_response}
