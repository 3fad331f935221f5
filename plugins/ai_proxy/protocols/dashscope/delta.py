"""Converts DashScope's messages to deltas: the new part of each event of a stream."""

from __future__ import annotations

from ...wire import lenient
from ...wire.json import Json
from ..pivot.reasoning import Stream
from ..pivot.tool_calls import place


class Progress:
    """The part of one choice that has been sent."""

    __slots__ = ("_calls", "_cumulative", "_reasoning", "_sent_content", "_sent_reasoning")

    def __init__(self, cumulative: bool, mode: str) -> None:
        self._cumulative = cumulative
        # The mode of nearly all streams.
        self._reasoning = None if mode == "passthrough" else Stream(mode)
        self._sent_content = ""
        self._sent_reasoning = ""
        self._calls: dict[int, _ToolCall] = {}

    @property
    def size(self) -> int:
        """Characters that are kept to find the new part of the next event."""
        return len(self._sent_content) + len(self._sent_reasoning) + sum(call.size for call in self._calls.values())

    def deltas(self, message: Json, *, finished: bool) -> list[Json]:
        """A delta of text and reasoning and one of tool calls; empty ones are left out."""
        content: str | None = message.get("content")
        reasoning = lenient.text(message["reasoning_content"]) if "reasoning_content" in message else ""
        calls: list[Json] = message.get("tool_calls") or []
        if self._cumulative:
            # A call's name comes before its arguments. Nothing is sent until they come: later events repeat all of it.
            if calls and not finished and any(not _arguments(call) for call in calls):
                return []
            new = content and content.removeprefix(self._sent_content)
            self._sent_content = content or self._sent_content
            new_reasoning, self._sent_reasoning = (
                reasoning.removeprefix(self._sent_reasoning),
                reasoning or self._sent_reasoning,
            )
            content, reasoning = new, new_reasoning
        if self._reasoning is not None:
            content, reasoning = self._reasoning.delta(content, reasoning, ends=finished or bool(calls))
        role = message.get("role") or "assistant"
        deltas: list[Json] = []
        if content or reasoning:
            delta: Json = {"role": role}
            if content is not None:
                delta["content"] = content
            if reasoning:
                delta["reasoning_content"] = reasoning
            deltas.append(delta)
        if calls and (parts := self._tool_calls(calls)):
            deltas.append({"role": role, "tool_calls": parts})
        return deltas

    def _tool_calls(self, calls: list[Json]) -> list[Json]:
        parts = []
        for position, call in enumerate(calls):
            key = place(call.get("index"), position)
            known = self._calls.get(key)
            if known is None:
                known = self._calls[key] = _ToolCall(len(self._calls))
            if (part := known.part(call, cumulative=self._cumulative)) is not None:
                parts.append(part)
        return parts


class _ToolCall:
    """One call: its index for the client, its id, and the part that has been sent."""

    __slots__ = ("_arguments", "_id", "_index", "_named")

    def __init__(self, index: int) -> None:
        self._index = index
        self._id = ""
        self._named = False
        self._arguments: str | None = None

    @property
    def size(self) -> int:
        return len(self._arguments or "") + len(self._id)

    def part(self, call: Json, *, cumulative: bool) -> Json | None:
        arguments = _arguments(call)
        first = self._arguments is None
        new = arguments.removeprefix(self._arguments or "") if cumulative else arguments
        self._arguments = arguments if cumulative and arguments else self._arguments or ""
        given = lenient.text(call.get("id"))
        self._id = self._id or given
        function: Json = {}
        name = lenient.text(lenient.mapping(call.get("function")).get("name"))
        if name and not self._named:
            function["name"] = name
            self._named = True
        if not first and not new and not function:
            return None
        function["arguments"] = new
        part: Json = {"index": self._index, "type": "function", "function": function}
        if self._id and (
            first or given
        ):  # Clients that join the pieces of a call also join its ids, so it is sent once.
            part["id"] = self._id
        return part


def _arguments(call: Json) -> str:
    return lenient.text(lenient.mapping(call.get("function")).get("arguments"))
