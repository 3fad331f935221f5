"""Converts the events of Anthropic's streams. Source: docs.anthropic.com, "Streaming messages"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json, dumps
from ..exchange import Exchange
from ..interface import StreamWriter
from ..pivot.citations import CitedText
from .service_answer import COUNTS, cite, error, finish_reason, usage


@dataclass(slots=True)
class State:
    """The state of one stream: token counts, and the number of the tool call of each block."""

    counted: Json = field(default_factory=dict)
    calls: dict[Any, int] = field(default_factory=dict)
    given: set[int] = field(default_factory=set)
    """Calls whose arguments came complete with their first event."""
    cited: CitedText = field(default_factory=CitedText)

    def count(self, usage: Json) -> None:
        self.counted.update({name: usage[name] for name in COUNTS if usage.get(name) is not None})


def new_state(exchange: Exchange) -> State:  # noqa: ARG001
    return State()


def event(
    exchange: Exchange,  # noqa: ARG001
    state: State,
    event: Event,
    document: Json,
    writer: StreamWriter,
) -> None:
    kind = document.get("type") or event.event
    if (failure := error(200, document)) is not None:
        raise failure
    handle = _EVENTS.get(str(kind))
    if handle is not None:
        handle(state, document, writer)


def _message_start(state: State, document: Json, writer: StreamWriter) -> None:
    message = _object(document, "message")
    if isinstance(message.get("usage"), dict):
        state.count(message["usage"])
    writer.begin(lenient.text(message.get("id")))
    writer.delta(0, {"role": "assistant", "content": ""}, usage=None)


def _block_start(state: State, document: Json, writer: StreamWriter) -> None:
    block = _object(document, "content_block")
    kind = block.get("type")
    state.cited.begin()
    if kind == "tool_use":
        index = state.calls[_index(document)] = len(state.calls)
        arguments = ""
        if isinstance(block.get("input"), dict) and block["input"]:
            arguments = dumps(block["input"])
            state.given.add(index)
        function = {"name": lenient.text(block.get("name")), "arguments": arguments}
        call = {"index": index, "id": lenient.text(block.get("id")), "type": "function", "function": function}
        writer.delta(0, {"tool_calls": [call]})
    elif kind == "text" and lenient.text(block.get("text")):
        state.cited.length += len(block["text"])
        writer.delta(0, {"content": block["text"]})
    elif kind == "thinking" and lenient.text(block.get("thinking")):
        writer.delta(0, {"reasoning_content": block["thinking"]})
    elif kind == "redacted_thinking" and lenient.text(block.get("data")):
        writer.delta(0, {"reasoning_redacted_content": block["data"]})


def _block_delta(state: State, document: Json, writer: StreamWriter) -> None:
    delta = _object(document, "delta")
    kind = str(delta.get("type"))
    if kind == "input_json_delta":
        index = state.calls.get(_index(document))
        if index is None or index in state.given:
            return  # A tool that Anthropic runs itself: the client does not see it.
        function = {"arguments": lenient.text(delta.get("partial_json"))}
        writer.delta(0, {"tool_calls": [{"index": index, "type": "function", "function": function}]})
    elif kind == "text_delta":
        text = lenient.text(delta.get("text"))
        state.cited.length += len(text)
        writer.delta(0, {"content": text})
    elif kind == "citations_delta":
        cite(state.cited, lenient.mapping(delta.get("citation")))
    elif kind in _DELTAS:
        source, target = _DELTAS[kind]
        writer.delta(0, {target: lenient.text(delta.get(source))})


_DELTAS: Final = {
    "thinking_delta": ("thinking", "reasoning_content"),
    "signature_delta": ("signature", "reasoning_signature"),
}


def _block_stop(state: State, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    if annotations := state.cited.end():
        writer.delta(0, {"annotations": annotations})


def _message_delta(state: State, document: Json, writer: StreamWriter) -> None:
    """The counts are totals of the message so far, not increments."""
    if isinstance(counted := document.get("usage"), dict):
        state.count(counted)
    delta = document.get("delta")
    reason = finish_reason(delta.get("stop_reason")) if isinstance(delta, dict) else None
    if reason is not None:
        writer.finish(0, reason)
        writer.usage(usage(state.counted))


def _message_stop(state: State, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    writer.may_end = True
    writer.done()


_EVENTS: Final = {
    "message_start": _message_start,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
    "content_block_stop": _block_stop,
    "message_delta": _message_delta,
    "message_stop": _message_stop,
}


def _index(document: Json) -> int:
    index = document.get("index")
    return index if isinstance(index, int) else -1


def _object(document: Json, name: str) -> Json:
    value = document.get(name)
    if not isinstance(value, dict):
        raise bad_upstream(f"the upstream sent an event without {name}")
    return value
