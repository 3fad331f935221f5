"""What a chat client would show for a response: the deltas of a stream joined, or the message of a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .bodies import Body, JsonBody, SseBody, compact


@dataclass(slots=True)
class ToolCall:
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Transcript:
    text: str = ""
    reasoning: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    done: bool = False
    """The stream said that it is complete."""

    def __bool__(self) -> bool:
        return bool(self.text or self.reasoning or self.tool_calls or self.error)


def transcript(body: Body) -> Transcript:
    """Read a body of the OpenAI chat protocol; a body of any other gives an empty transcript."""
    result = Transcript()
    for document in _documents(body):
        if document == "[DONE]":
            result.done = True
        elif isinstance(document, dict):
            _add(result, document)
    return result


def _documents(body: Body) -> Iterator[Any]:
    match body:
        case JsonBody(value):
            yield value
        case SseBody(events):
            for event in events:
                yield event.data


def _add(result: Transcript, document: dict[str, Any]) -> None:
    if error := document.get("error"):
        result.error = str(error.get("message") or compact(error)) if isinstance(error, dict) else compact(error)
    if isinstance(usage := document.get("usage"), dict):
        result.usage = usage
    choices = document.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        # Several answers to one question are shown by few clients; they show the first.
        if not isinstance(choice, dict) or choice.get("index", 0) != 0:
            continue
        result.finish_reason = _text(choice.get("finish_reason")) or result.finish_reason
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            _add_delta(result, delta)


def _add_delta(result: Transcript, delta: dict[str, Any]) -> None:
    content = delta.get("content")
    result.text += _text(content)
    if isinstance(content, list):
        result.text += "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    result.reasoning += _text(delta.get("reasoning_content") or delta.get("reasoning"))
    calls = delta.get("tool_calls")
    for position, call in enumerate(calls if isinstance(calls, list) else ()):
        if not isinstance(call, dict):
            continue
        index = call.get("index", position)
        if not isinstance(index, int) or not 0 <= index < 1000:
            continue
        while len(result.tool_calls) <= index:
            result.tool_calls.append(ToolCall())
        function = call.get("function")
        if isinstance(function, dict):
            result.tool_calls[index].name += _text(function.get("name"))
            result.tool_calls[index].arguments += _text(function.get("arguments"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
