"""What model services answer, whole and streamed, for tests of the Responses API: thinking, a text, and tool calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.ai_proxy.converting import sse
from tests.ai_proxy.gateway import NATIVE, Json, answer, events
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame, header

from ai_proxy.wire.json import dumps
from proxywasm_host.recordings.exchange import Message

CHATS: Json = {"type": "moonshot", "apiTokens": ["sk-1"]}
"""A service that has only OpenAI's chats."""


@dataclass(frozen=True)
class Said:
    """What a model says."""

    text: str = ""
    thinking: str = ""
    signature: str = ""
    calls: Sequence[tuple[str, Json]] = ()
    """Name and arguments of each."""
    cut: bool = False
    """The limit of tokens was reached."""

    def call_id(self, index: int) -> str:
        return f"call_{index}"


def halves(text: str) -> list[str]:
    middle = (len(text) + 1) // 2
    return [part for part in (text[:middle], text[middle:]) if part]


class OpenAI:
    config = CHATS

    def _finish(self, said: Said) -> str:
        return "length" if said.cut else "tool_calls" if said.calls else "stop"

    def whole(self, said: Said) -> Message:
        message: Json = {"role": "assistant", "content": said.text or None}
        if said.thinking:
            message["reasoning_content"] = said.thinking
        if said.calls:
            message["tool_calls"] = [
                {
                    "id": said.call_id(index),
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(value)},
                }
                for index, (name, value) in enumerate(said.calls)
            ]
        choice = {"index": 0, "message": message, "finish_reason": self._finish(said)}
        return answer({"id": "chatcmpl-1", "created": 5, "model": "kimi-k2", "choices": [choice], "usage": self._usage})

    _usage: ClassVar[Json] = {
        "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }  # fmt: skip

    def stream(self, said: Said) -> Message:
        deltas: list[Json] = [{"role": "assistant", "content": ""}]
        deltas += [{"reasoning_content": half} for half in halves(said.thinking)]
        deltas += [{"content": half} for half in halves(said.text)]
        for index, (name, value) in enumerate(said.calls):
            begin = {"index": index, "id": said.call_id(index), "type": "function"}
            deltas.append({"tool_calls": [{**begin, "function": {"name": name, "arguments": ""}}]})
            deltas += [
                {"tool_calls": [{"index": index, "function": {"arguments": half}}]}
                for half in halves(json.dumps(value))
            ]
        chunks = [self._chunk({"index": 0, "delta": delta, "finish_reason": None}) for delta in deltas]
        chunks.append(self._chunk({"index": 0, "delta": {}, "finish_reason": self._finish(said)}))
        chunks.append({**self._chunk(), "usage": self._usage})
        return events(*map(sse, chunks), b"data: [DONE]\n\n")

    def _chunk(self, *choices: Json) -> Json:
        return {"id": "chatcmpl-1", "created": 5, "model": "kimi-k2", "choices": [*choices], "usage": None}


class Qwen:
    config = NATIVE

    def _document(self, message: Json, reason: str) -> Json:
        usage = {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14}
        choice = {"message": {"role": "assistant", "content": "", **message}, "finish_reason": reason}
        return {"output": {"choices": [choice]}, "usage": usage, "request_id": "r-1"}

    def _message(self, said: Said) -> Json:
        message: Json = {"content": said.text, "reasoning_content": said.thinking}
        if said.calls:
            message["tool_calls"] = [
                {"id": said.call_id(index), "index": index, "type": "function",
                 "function": {"name": name, "arguments": json.dumps(value)}}
                for index, (name, value) in enumerate(said.calls)
            ]  # fmt: skip
        return message

    def _finish(self, said: Said) -> str:
        return "length" if said.cut else "tool_calls" if said.calls else "stop"

    def whole(self, said: Said) -> Message:
        return answer(self._document(self._message(said), self._finish(said)))

    def stream(self, said: Said) -> Message:
        # All of it at once: with tools in the request, each event repeats what came before; without, none does.
        chunks = [self._document(self._message(said), "null"), self._document({}, self._finish(said))]
        return events(*map(sse, chunks))


class Gemini:
    config = GEMINI

    def _parts(self, said: Said) -> list[Json]:
        parts: list[Json] = []
        if said.thinking:
            parts.append({"text": said.thinking, "thought": True})
        if said.text:
            parts.append({"text": said.text})
        for index, (name, value) in enumerate(said.calls):
            signature = {"thoughtSignature": said.signature} if said.signature and not index else {}
            parts.append({"functionCall": {"id": said.call_id(index), "name": name, "args": value}, **signature})
        return parts

    def _document(self, parts: list[Json], reason: str | None) -> Json:
        usage = {"promptTokenCount": 9, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 14}
        candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
        if reason:
            candidate["finishReason"] = reason
        return {"responseId": "g-1", "candidates": [candidate], "usageMetadata": usage}

    def whole(self, said: Said) -> Message:
        return answer(self._document(self._parts(said), "MAX_TOKENS" if said.cut else "STOP"))

    def stream(self, said: Said) -> Message:
        documents = [self._document([part], None) for part in self._parts(said)]
        return events(*map(sse, [*documents, self._document([], "MAX_TOKENS" if said.cut else "STOP")]))


class Claude:
    config = CLAUDE
    _usage: ClassVar[Json] = {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 5}

    def _blocks(self, said: Said) -> list[Json]:
        blocks: list[Json] = []
        if said.thinking:
            blocks.append({"type": "thinking", "thinking": said.thinking, "signature": said.signature})
        if said.text:
            blocks.append({"type": "text", "text": said.text})
        for index, (name, value) in enumerate(said.calls):
            blocks.append({"type": "tool_use", "id": said.call_id(index), "name": name, "input": value})
        return blocks

    def _finish(self, said: Said) -> str:
        return "max_tokens" if said.cut else "tool_use" if said.calls else "end_turn"

    def _message(self, **more: Any) -> Json:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-3",
            "usage": self._usage,
            **more,
        }

    def whole(self, said: Said) -> Message:
        return answer(self._message(content=self._blocks(said), stop_reason=self._finish(said)))

    def stream(self, said: Said) -> Message:
        documents: list[Json] = [{"type": "message_start", "message": self._message(content=[])}]
        for index, block in enumerate(self._blocks(said)):
            start, deltas = self._grown(block)
            documents.append({"type": "content_block_start", "index": index, "content_block": start})
            documents += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
            documents.append({"type": "content_block_stop", "index": index})
        end = {"type": "message_delta", "delta": {"stop_reason": self._finish(said)}, "usage": {"output_tokens": 5}}
        named = [*documents, end, {"type": "message_stop"}]
        return events(*(f"event: {one['type']}\n".encode() + sse(one) for one in named))

    def _grown(self, block: Json) -> tuple[Json, list[Json]]:
        if block["type"] == "thinking":
            deltas: list[Json] = [{"type": "thinking_delta", "thinking": half} for half in halves(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return {"type": "thinking", "thinking": "", "signature": ""}, deltas
        if block["type"] == "text":
            return {"type": "text", "text": ""}, [
                {"type": "text_delta", "text": half} for half in halves(block["text"])
            ]
        pieces = halves(dumps(block["input"]))
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


class Bedrock:
    config = BEDROCK
    _usage: ClassVar[Json] = {"inputTokens": 5, "cacheReadInputTokens": 4, "outputTokens": 5, "totalTokens": 14}

    def _content(self, said: Said) -> list[Json]:
        content: list[Json] = []
        if said.thinking:
            text = {"text": said.thinking, "signature": said.signature}
            content.append({"reasoningContent": {"reasoningText": text}})
        if said.text:
            content.append({"text": said.text})
        for index, (name, value) in enumerate(said.calls):
            content.append({"toolUse": {"toolUseId": said.call_id(index), "name": name, "input": value}})
        return content

    def _finish(self, said: Said) -> str:
        return "max_tokens" if said.cut else "tool_use" if said.calls else "end_turn"

    def whole(self, said: Said) -> Message:
        message = {"role": "assistant", "content": self._content(said)}
        return answer({"output": {"message": message}, "stopReason": self._finish(said), "usage": self._usage})

    def stream(self, said: Said) -> Message:
        documents: list[tuple[str, Json]] = [("messageStart", {"role": "assistant"})]
        for index, block in enumerate(self._content(said)):
            if "toolUse" in block:
                use = block["toolUse"]
                start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
                documents.append(("contentBlockStart", {"contentBlockIndex": index, "start": start}))
                deltas: list[Json] = [{"toolUse": {"input": piece}} for piece in halves(dumps(use["input"]))]
            elif "text" in block:
                deltas = [{"text": half} for half in halves(block["text"])]
            else:
                text = block["reasoningContent"]["reasoningText"]
                deltas = [{"reasoningContent": {"text": half}} for half in halves(text["text"])]
                deltas.append({"reasoningContent": {"signature": text["signature"]}})
            documents += [("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas]
            documents.append(("contentBlockStop", {"contentBlockIndex": index}))
        documents.append(("messageStop", {"stopReason": self._finish(said)}))
        documents.append(("metadata", {"usage": self._usage}))
        frames = [frame(json.dumps(document).encode(), header(":event-type", name)) for name, document in documents]
        kind = "application/vnd.amazon.eventstream"
        return Message([(":status", "200"), ("content-type", kind)], tuple(frames))


Service = OpenAI | Qwen | Gemini | Claude | Bedrock
SERVICES: dict[str, Service] = {
    "openai-like": OpenAI(), "qwen": Qwen(), "gemini": Gemini(), "claude": Claude(), "bedrock": Bedrock(),
}  # fmt: skip
SIGNING = ("claude", "bedrock")
"""Services that sign their thinking."""
