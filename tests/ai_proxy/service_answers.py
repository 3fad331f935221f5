"""Answers as services give them, whole and streamed, made of what a model says: one writer for each kind of service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame, header

FRESH: Final = 10
OUTPUT: Final = 20
"""Tokens of each prompt that no cache knows, and of each answer."""


@dataclass(frozen=True)
class Said:
    """What a model says."""

    reasoning: str
    text: str
    calls: tuple[tuple[str, str, Json], ...]
    """Id, name and arguments of each."""
    end: str
    """`end`, `length`, `calls`, `blocked`, or a word that nobody knows."""
    cached: int = 0
    """Tokens of the prompt that the service has read from its cache."""
    written: int = 0
    """Tokens of the prompt that it has written there, where it counts them."""
    thought: int = 0
    """Tokens of the answer that are thinking."""

    redacted: str = ""
    """Encrypted thinking, which only Claude models have."""

    @property
    def prompt(self) -> int:
        """All tokens of the prompt."""
        return FRESH + self.cached + self.written

    @property
    def names(self) -> list[str]:
        return [name for _, name, _ in self.calls]


IDS = ("call_1", "functions.get_weather:0", "x/ü", "toolu_2", "")
TOOLS = ("get_weather", "long_" + "x" * 58, "mcp." + "y" * 80)
"""Names as clients know them: services know some of them by others."""
ENDS = ("end", "length", "calls", "blocked", "new_word")


@st.composite
def said(draw: st.DrawFn) -> Said:
    ids = draw(st.permutations(IDS))
    names = st.sampled_from(TOOLS)
    arguments: st.SearchStrategy[Json] = st.sampled_from(({}, {"city": "Oslo"}, {"a": {"b": ['"', "\\", "}"]}}))
    calls = [(ids[index], draw(names), draw(arguments)) for index in range(draw(st.integers(0, 3)))]
    texts = st.sampled_from(("", "Hi", "Grüß\n\ndich", " "))
    tokens = st.sampled_from((0, 3))
    return Said(
        draw(texts), draw(texts), tuple(calls), draw(st.sampled_from(ENDS)),
        draw(tokens), draw(tokens), draw(tokens), draw(st.sampled_from(("", "ZW5j"))),
    )  # fmt: skip


def _sse(documents: Iterable[Any], *, named: bool = False, done: bool = False) -> bytes:
    text = "".join(
        (f"event: {one['type']}\n" if named else "") + f"data: {json.dumps(one, ensure_ascii=False)}\n\n"
        for one in documents
    )
    return (text + "data: [DONE]\n\n" * done).encode()


_OPENAI = {"end": "stop", "length": "length", "calls": "tool_calls", "blocked": "sensitive"}


def _openai_calls(one: Said) -> list[Json]:
    return [
        {"index": index, "id": call_id, "type": "function", "function": {
            "name": name, "arguments": json.dumps(arguments) if arguments else ""}}
        for index, (call_id, name, arguments) in enumerate(one.calls)
    ]  # fmt: skip


def _openai_usage(one: Said) -> Json:
    return {
        "prompt_tokens": one.prompt, "completion_tokens": OUTPUT, "total_tokens": one.prompt + OUTPUT,
        "prompt_tokens_details": {"cached_tokens": one.cached},
        "completion_tokens_details": {"reasoning_tokens": one.thought},
    }  # fmt: skip


def openai_whole(one: Said) -> bytes:
    message: Json = {"role": "assistant", "content": one.text or None, "reasoning_content": one.reasoning}
    if one.calls:
        message["tool_calls"] = _openai_calls(one)
    choice = {"index": 0, "message": message, "finish_reason": _OPENAI.get(one.end, one.end)}
    usage = _openai_usage(one)
    document = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }
    return json.dumps(document).encode()


def openai_stream(one: Said) -> bytes:
    def chunk(delta: Json, reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}

    deltas: list[Json] = [
        {"role": "assistant", "content": ""},
        {"reasoning_content": one.reasoning},
        {"content": one.text},
    ]
    for call in _openai_calls(one):
        text = call["function"]["arguments"]
        deltas.append({"tool_calls": [{**call, "function": {"name": call["function"]["name"], "arguments": ""}}]})
        deltas += [
            {"tool_calls": [{"index": call["index"], "function": {"arguments": part}}]} for part in (text[:3], text[3:])
        ]
    usage = _openai_usage(one)
    last = {**chunk({}), "choices": [], "usage": usage}
    return _sse([*map(chunk, deltas), chunk({}, _OPENAI.get(one.end, one.end)), last], done=True)


_ANTHROPIC = {"end": "end_turn", "length": "max_tokens", "calls": "tool_use", "blocked": "refusal"}


def _anthropic_prompt(one: Said) -> Json:
    return {
        "input_tokens": FRESH,
        "cache_read_input_tokens": one.cached,
        "cache_creation_input_tokens": one.written,
    }


def anthropic_whole(one: Said) -> bytes:
    blocks: list[Json] = [{"type": "thinking", "thinking": one.reasoning, "signature": "s"}] if one.reasoning else []
    blocks += [{"type": "redacted_thinking", "data": one.redacted}] if one.redacted else []
    blocks += [{"type": "text", "text": one.text}] if one.text else []
    blocks += [{"type": "tool_use", "id": call_id, "name": name, "input": given} for call_id, name, given in one.calls]
    usage = {**_anthropic_prompt(one), "output_tokens": OUTPUT}
    head = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "usage": usage}
    return json.dumps({**head, "content": blocks, "stop_reason": _ANTHROPIC.get(one.end, one.end)}).encode()


def anthropic_stream(one: Said) -> bytes:
    message = {"id": "m1", "type": "message", "role": "assistant", "content": [], "usage": _anthropic_prompt(one)}
    events: list[Json] = [{"type": "message_start", "message": message}]

    def block(start: Json, *deltas: Json) -> None:
        index = sum(event["type"] == "content_block_start" for event in events)
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events.extend({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
        events.append({"type": "content_block_stop", "index": index})

    if one.reasoning:
        signed = {"type": "signature_delta", "signature": "s"}
        block({"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": one.reasoning}, signed)
    if one.redacted:
        block({"type": "redacted_thinking", "data": one.redacted})
    if one.text:
        block({"type": "text", "text": ""}, {"type": "text_delta", "text": one.text})
    for call_id, name, arguments in one.calls:
        text = json.dumps(arguments) if arguments else ""
        parts = [{"type": "input_json_delta", "partial_json": part} for part in (text[:2], text[2:])]
        block({"type": "tool_use", "id": call_id, "name": name, "input": {}}, *parts)
    delta = {"stop_reason": _ANTHROPIC.get(one.end, one.end)}
    events += [{"type": "message_delta", "delta": delta, "usage": {"output_tokens": OUTPUT}}, {"type": "message_stop"}]
    return _sse(events, named=True)


_GOOGLE = {"end": "STOP", "length": "MAX_TOKENS", "calls": "STOP", "blocked": "IMAGE_RECITATION"}


def _google(one: Said) -> list[Json]:
    parts: list[Json] = [{"text": one.reasoning, "thought": True}] if one.reasoning else []
    parts += [{"text": one.text}] if one.text else []
    for call_id, name, arguments in one.calls:
        parts.append({"functionCall": {"name": name, "args": arguments, **({"id": call_id} if call_id else {})}})
    return parts


def _google_answer(one: Said, parts: list[Json], reason: str | None) -> Json:
    candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
    if reason:
        candidate["finishReason"] = reason
    usage = {
        "promptTokenCount": one.prompt, "candidatesTokenCount": OUTPUT - one.thought, "thoughtsTokenCount": one.thought,
        "cachedContentTokenCount": one.cached, "totalTokenCount": one.prompt + OUTPUT,
    }  # fmt: skip
    return {"candidates": [candidate], "usageMetadata": usage, "responseId": "r1"}


def google_whole(one: Said) -> bytes:
    return json.dumps(_google_answer(one, _google(one), _GOOGLE.get(one.end, one.end.upper()))).encode()


def google_stream(one: Said) -> bytes:
    parts = _google(one)
    last = _google_answer(one, parts[-1:], _GOOGLE.get(one.end, one.end.upper()))
    return _sse([*(_google_answer(one, [part], None) for part in parts[:-1]), last])


_BEDROCK = {"end": "end_turn", "length": "max_tokens", "calls": "tool_use", "blocked": "guardrail_intervened"}


def _aws_usage(one: Said) -> Json:
    return {
        "inputTokens": FRESH, "outputTokens": OUTPUT, "totalTokens": one.prompt + OUTPUT,
        "cacheReadInputTokens": one.cached, "cacheWriteInputTokens": one.written,
    }  # fmt: skip


def bedrock_whole(one: Said) -> bytes:
    thinking = {"reasoningContent": {"reasoningText": {"text": one.reasoning, "signature": "s"}}}
    blocks: list[Json] = [thinking] if one.reasoning else []
    blocks += [{"reasoningContent": {"redactedContent": one.redacted}}] if one.redacted else []
    blocks += [{"text": one.text}] if one.text else []
    blocks += [{"toolUse": {"toolUseId": call_id, "name": name, "input": given}} for call_id, name, given in one.calls]
    message = {"role": "assistant", "content": blocks}
    reason = _BEDROCK.get(one.end, one.end)
    return json.dumps({"output": {"message": message}, "stopReason": reason, "usage": _aws_usage(one)}).encode()


def bedrock_stream(one: Said) -> bytes:
    events: list[tuple[str, Json]] = [("messageStart", {"role": "assistant"})]

    def block(number: int, *deltas: Json, start: Json | None = None) -> None:
        if start is not None:
            events.append(("contentBlockStart", {"contentBlockIndex": number, "start": start}))
        events.extend(("contentBlockDelta", {"contentBlockIndex": number, "delta": delta}) for delta in deltas)
        events.append(("contentBlockStop", {"contentBlockIndex": number}))

    if one.reasoning:
        block(0, {"reasoningContent": {"text": one.reasoning}}, {"reasoningContent": {"signature": "s"}})
    if one.redacted:
        block(1, {"reasoningContent": {"redactedContent": one.redacted}})
    if one.text:
        block(2, {"text": one.text})
    for number, (call_id, name, arguments) in enumerate(one.calls, 3):
        deltas = [{"toolUse": {"input": json.dumps(arguments)}}] if arguments else []
        block(number, *deltas, start={"toolUse": {"toolUseId": call_id, "name": name}})
    events.append(("messageStop", {"stopReason": _BEDROCK.get(one.end, one.end)}))
    events.append(("metadata", {"usage": _aws_usage(one)}))
    return b"".join(
        frame(json.dumps(document).encode(), header(":message-type", "event") + header(":event-type", name))
        for name, document in events
    )


_COHERE = {"end": "COMPLETE", "length": "MAX_TOKENS", "calls": "TOOL_CALL", "blocked": "ERROR_TOXIC"}


def _cohere_usage(one: Said) -> Json:
    return {"tokens": {"input_tokens": one.prompt, "output_tokens": OUTPUT}, "cached_tokens": one.cached}


def cohere_whole(one: Said) -> bytes:
    content = [{"type": "thinking", "thinking": one.reasoning}] if one.reasoning else []
    content += [{"type": "text", "text": one.text}] if one.text else []
    message = {"role": "assistant", "content": content, "tool_calls": _openai_calls(one)}
    usage = _cohere_usage(one)
    reason = _COHERE.get(one.end, one.end.upper())
    return json.dumps({"id": "x", "finish_reason": reason, "message": message, "usage": usage}).encode()


def cohere_stream(one: Said) -> bytes:
    events: list[Json] = [{"type": "message-start", "id": "x"}]
    for kind, text in (("thinking", one.reasoning), ("text", one.text)):
        if text:
            events.append({"type": "content-delta", "delta": {"message": {"content": {kind: text}}}})
    for index, call in enumerate(_openai_calls(one)):
        start = {**call, "function": {**call["function"], "arguments": ""}}
        events.append({"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": start}}})
        delta = {"function": {"arguments": call["function"]["arguments"]}}
        events.append({"type": "tool-call-delta", "index": index, "delta": {"message": {"tool_calls": delta}}})
        events.append({"type": "tool-call-end", "index": index})
    usage = _cohere_usage(one)
    end: Json = {"finish_reason": _COHERE.get(one.end, one.end.upper()), "usage": usage}
    return _sse([*events, {"type": "message-end", "delta": end}], named=True)


def _dashscope(one: Said, message: Json, reason: str) -> Json:
    choice = {"finish_reason": reason, "message": {"role": "assistant", **message}}
    usage = {
        "input_tokens": one.prompt, "output_tokens": OUTPUT, "total_tokens": one.prompt + OUTPUT,
        "prompt_tokens_details": {"cached_tokens": one.cached},
        "output_tokens_details": {"reasoning_tokens": one.thought},
    }  # fmt: skip
    return {"output": {"choices": [choice]}, "usage": usage, "request_id": "r1"}


def dashscope_whole(one: Said) -> bytes:
    message: Json = {"content": one.text, "reasoning_content": one.reasoning}
    if one.calls:
        message["tool_calls"] = _openai_calls(one)
    return json.dumps(_dashscope(one, message, _OPENAI.get(one.end, one.end))).encode()


def dashscope_stream(one: Said) -> bytes:
    """Each event repeats what was said before, as with tools."""
    steps: list[Json] = [{"content": "", "reasoning_content": one.reasoning}]
    steps.append({**steps[-1], "content": one.text})
    if one.calls:
        steps.append({**steps[-1], "tool_calls": _openai_calls(one)})
    return _sse(
        [*(_dashscope(one, step, "null") for step in steps), _dashscope(one, steps[-1], _OPENAI.get(one.end, one.end))]
    )


Writer = Callable[[Said], bytes]
REASONS: Final = {"end": "stop", "calls": "tool_calls"}
USAGE: Final = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def whole_bytes(document: Json) -> bytes:
    return json.dumps(document).encode()


def event_bytes(documents: Iterable[Any], *, done: bool = False) -> bytes:
    return ("".join(f"data: {json.dumps(one)}\n\n" for one in documents) + "data: [DONE]\n\n" * done).encode()


def own_writers() -> dict[str, tuple[Writer, Writer | None]]:
    """Those of services whose protocol only they have, by the service: each is in the folder of its protocol's tests.
    None: it does not stream, so its clients get the whole answer as a stream."""
    found: dict[str, tuple[Writer, Writer | None]] = {}
    for file in sorted(Path(__file__).parent.glob("protocols/*/said.py")):
        found |= import_module(f"tests.ai_proxy.protocols.{file.parent.name}.said").WRITERS
    return found


WRITERS: dict[str, tuple[Writer, Writer]] = {
    "openai": (openai_whole, openai_stream),
    "anthropic": (anthropic_whole, anthropic_stream),
    "google": (google_whole, google_stream),
    "bedrock": (bedrock_whole, bedrock_stream),
    "cohere": (cohere_whole, cohere_stream),
    "dashscope": (dashscope_whole, dashscope_stream),
}
"""Whole answers and streams, by the protocol of the service."""
