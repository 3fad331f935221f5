"""Converts the events of Bedrock's streams.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

from proxywasm import Event

from ...wire import lenient
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..pivot.citations import CitedText
from ..pivot.reasoning import Stream
from . import citations
from .answer import failure, finish_reason, usage


@dataclass(slots=True)
class State:
    """The state of one stream: the number of the tool call of each block, and the reasoning sent so far."""

    reasoning: Stream
    calls: dict[int, int] = field(default_factory=dict)
    cited: CitedText = field(default_factory=CitedText)
    block: int = -1
    """The last block with text."""


def new_state(exchange: Exchange) -> State:
    return State(Stream(exchange.settings.reasoning_content_mode))


def event(exchange: Exchange, state: State, event: Event, document: Json, writer: StreamWriter) -> None:
    if event.id in {"exception", "error"} or event.event.endswith("Exception"):
        raise failure(200, event.event, str(document.get("message") or document.get("Message") or ""))
    writer.begin(exchange.answer.id, model=unquote(exchange.model))
    if isinstance(document.get("role"), str):
        writer.delta(0, {"role": document["role"]})
    elif isinstance(start := document.get("start"), dict) and isinstance(use := start.get("toolUse"), dict):
        index = state.calls[_block(document)] = len(state.calls)
        function = {"name": lenient.text(use.get("name")), "arguments": ""}
        tool = {"index": index, "id": lenient.text(use.get("toolUseId")), "type": "function", "function": function}
        _write(state, writer, "", "", [tool])
    elif isinstance(delta := document.get("delta"), dict):
        _delta(state, _block(document), delta, writer)
    elif (reason := finish_reason(document.get("stopReason"))) is not None:
        _end_block(state, writer)
        text, _ = state.reasoning.delta("", "", ends=True)
        if text:
            writer.delta(0, {"content": text})
        writer.finish(0, reason)
    elif "contentBlockIndex" in document:
        _end_block(state, writer)
    if isinstance(counted := document.get("usage"), dict):
        writer.usage(usage(counted))


def _delta(state: State, block: int, delta: Json, writer: StreamWriter) -> None:
    reasoning = delta.get("reasoningContent")
    if isinstance(reasoning, dict):
        if reasoning_text := lenient.text(reasoning.get("text")):
            _write(state, writer, "", reasoning_text)
        if signature := lenient.text(reasoning.get("signature")):
            writer.delta(0, {"reasoning_signature": signature})
        if redacted := lenient.text(reasoning.get("redactedContent")):
            writer.delta(0, {"reasoning_redacted_content": redacted})
    elif isinstance(use := delta.get("toolUse"), dict) and block in state.calls:
        function = {"arguments": lenient.text(use.get("input"))}
        writer.delta(0, {"tool_calls": [{"index": state.calls[block], "type": "function", "function": function}]})
    elif text := lenient.text(delta.get("text")):
        begins, state.block = block != state.block, block
        _write(state, writer, text, "")
        if begins:
            state.cited.begin(len(text))
    elif isinstance(citation := delta.get("citation"), dict):
        citations.cite(state.cited, citation)


def _end_block(state: State, writer: StreamWriter) -> None:
    if annotations := state.cited.end():
        writer.delta(0, {"annotations": annotations})


def _write(state: State, writer: StreamWriter, text: str, reasoning: str, calls: list[Json] | None = None) -> None:
    content, reasoning = state.reasoning.delta(text, reasoning, ends=bool(calls))
    delta: Json = {}
    if reasoning:
        delta["reasoning_content"] = reasoning
    if content:
        state.cited.length += len(content)
        delta["content"] = content
    if calls:
        delta["tool_calls"] = calls
    if delta:
        writer.delta(0, delta)


def _block(document: Json) -> int:
    index = document.get("contentBlockIndex")
    return index if isinstance(index, int) else -1
