"""The output items of a response while they grow. Each opens, grows and closes with its events.

Source: OpenAI API reference, "Streaming events" of responses.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ...wire.json import Json, loads
from ..pivot.tool_calls import parse_arguments
from . import encrypted
from .citations import Citations
from .custom_input import CustomInput
from .events import Events, Text
from .remembered import Tool

IN_PROGRESS: Final = "in_progress"
COMPLETED: Final = "completed"
INCOMPLETE: Final = "incomplete"


class _Base:
    """An item at a place of the output."""

    __slots__ = ("_events", "id", "index", "status")

    def __init__(self, events: Events, item_id: str, index: int) -> None:
        self._events = events
        self.id = item_id
        self.index = index
        self.status = IN_PROGRESS

    @property
    def is_open(self) -> bool:
        return self.status == IN_PROGRESS

    @property
    def complete(self) -> bool:
        """It can be closed when another item begins."""
        return True

    @property
    def place(self) -> Json:
        return {"item_id": self.id, "output_index": self.index}

    def document(self) -> Json:
        raise NotImplementedError

    def open(self) -> None:
        self._events.write("response.output_item.added", {"output_index": self.index, "item": self.document()})

    def close(self, status: str) -> None:
        self._end_text()
        self.status = status
        self._events.write("response.output_item.done", {"output_index": self.index, "item": self.document()})

    def _end_text(self) -> None:
        """Write the events that end the item's text."""


class MessageItem(_Base):
    """Text and refusals of the model, each kind in parts of its own."""

    __slots__ = ("_annotations", "_citations", "_kind", "_parts", "text")

    def __init__(self, events: Events, item_id: str, index: int, citations: Citations) -> None:
        super().__init__(events, item_id, index)
        self._citations = citations
        self._annotations: list[Json] = []
        """Those of the open part."""
        self._parts: list[Json] = []
        self._kind = ""
        self.text: Text | None = None
        """The part that is open."""

    def document(self) -> Json:
        parts = [*self._parts, self._part()] if self.text is not None else self._parts
        return {"id": self.id, "type": "message", "status": self.status, "role": "assistant", "content": parts}

    def part(self, kind: str) -> Text:
        """The open part of this kind."""
        if self.text is None or kind != self._kind:
            self._end_text()
            self._kind = kind
            is_text = kind == "output_text"
            event = "response.output_text.delta" if is_text else "response.refusal.delta"
            self.text = Text(self._events, event, self._part_place, with_logprobs=is_text)
            self._events.write("response.content_part.added", {**self._part_place, "part": self._part()})
        return self.text

    def _annotate(self, text: str) -> None:
        for index, one in enumerate(self._citations.end(text)):
            place = {**self._part_place, "annotation_index": index}
            self._annotations.append(one)
            self._events.write("response.output_text.annotation.added", {**place, "annotation": one})

    @property
    def has_open_text(self) -> bool:
        return self.text is not None and self._kind == "output_text"

    @property
    def _part_place(self) -> Json:
        return {**self.place, "content_index": len(self._parts)}

    def _part(self) -> Json:
        assert self.text is not None
        if self._kind == "refusal":
            return {"type": "refusal", "refusal": self.text.whole()}
        part: Json = {"type": "output_text", "text": self.text.whole(), "annotations": self._annotations}
        return {**part, "logprobs": self.text.logprobs}

    def _end_text(self) -> None:
        if self.text is None:
            return
        if self._kind == "output_text":
            self._annotate(self.text.whole())
        place, part = self._part_place, self._part()
        if self._kind == "refusal":
            self._events.write("response.refusal.done", {**place, "refusal": part["refusal"]})
        else:
            done = {**place, "text": part["text"], "logprobs": part["logprobs"]}
            self._events.write("response.output_text.done", done)
        self._events.write("response.content_part.done", {**place, "part": part})
        self._parts.append(part)
        self._annotations = []
        self.text = None


class ReasoningItem(_Base):
    """Thinking of the model: its text, and the blocks with signatures for the way back."""

    __slots__ = ("_summarizes", "_text", "blocks")

    def __init__(self, events: Events, item_id: str, index: int, *, summarizes: bool) -> None:
        """`summarizes`: the text is in the place of the summary."""
        super().__init__(events, item_id, index)
        self._summarizes = summarizes
        self._text: Text | None = None
        self.blocks: list[Json] = []

    def document(self) -> Json:
        item: Json = {"id": self.id, "type": "reasoning", "status": self.status, "summary": []}
        if self._text is not None:
            item["summary" if self._summarizes else "content"] = [self._part()]
        if self.blocks:
            item["encrypted_content"] = encrypted.packed(self.blocks)
        return item

    def add(self, text: str) -> None:
        if self._text is None:
            kind = "response.reasoning_summary_text.delta" if self._summarizes else "response.reasoning_text.delta"
            self._text = Text(self._events, kind, self._part_place)
            self._events.write(f"{self._part_events}.added", {**self._part_place, "part": self._part()})
        self._text.add(text)

    def thinking(self) -> str:
        return self._text.whole() if self._text is not None else ""

    @property
    def _part_events(self) -> str:
        return "response.reasoning_summary_part" if self._summarizes else "response.content_part"

    @property
    def _part_place(self) -> Json:
        return {**self.place, "summary_index" if self._summarizes else "content_index": 0}

    def _part(self) -> Json:
        return {"type": "summary_text" if self._summarizes else "reasoning_text", "text": self.thinking()}

    def _end_text(self) -> None:
        if self._text is None:
            return
        kind = "response.reasoning_summary_text.done" if self._summarizes else "response.reasoning_text.done"
        self._events.write(kind, {**self._part_place, "text": self.thinking()})
        self._events.write(f"{self._part_events}.done", {**self._part_place, "part": self._part()})


class FunctionCall(_Base):
    """A call of a function."""

    __slots__ = ("_call", "_text")

    def __init__(self, events: Events, item_id: str, index: int, call_id: str, tool: Tool) -> None:
        super().__init__(events, item_id, index)
        self._call: Json = {"call_id": call_id, "name": tool.name}
        if tool.namespace:
            self._call["namespace"] = tool.namespace
        self._text = Text(events, "response.function_call_arguments.delta", self.place)

    @property
    def complete(self) -> bool:
        return is_json(self._text.whole())

    def document(self) -> Json:
        item: Json = {"id": self.id, "type": "function_call", "status": self.status}
        return {**item, **self._call, "arguments": self._text.whole()}

    def add(self, arguments: str) -> None:
        self._text.add(arguments)

    def _end_text(self) -> None:
        if not self._text.whole().strip():
            self.add("{}")  # Clients parse the arguments, and an empty text is no JSON.
        done = {**self.place, "name": self._call["name"], "arguments": self._text.whole()}
        self._events.write("response.function_call_arguments.done", done)


class CustomCall(_Base):
    """A call of a custom tool, whose input is a text."""

    __slots__ = ("_call", "_input", "_text")

    def __init__(self, events: Events, item_id: str, index: int, call_id: str, tool: Tool) -> None:
        super().__init__(events, item_id, index)
        self._call: Json = {"call_id": call_id, "name": tool.name}
        if tool.namespace:
            self._call["namespace"] = tool.namespace
        self._input = CustomInput()
        self._text = Text(events, "response.custom_tool_call_input.delta", self.place)

    @property
    def complete(self) -> bool:
        return self._input.ended

    def document(self) -> Json:
        return {"id": self.id, "type": "custom_tool_call", **self._call, "input": self._text.whole()}

    def add(self, arguments: str) -> None:
        if text := self._input.feed(arguments):
            self._text.add(text)

    def _end_text(self) -> None:
        if rest := self._input.finish():
            self._text.add(rest)
        self._events.write("response.custom_tool_call_input.done", {**self.place, "input": self._text.whole()})


class SearchCall(_Base):
    """A call of the client's search for tools. It has no events for its arguments: they are an object."""

    __slots__ = ("_arguments", "_call_id", "_value")

    def __init__(self, events: Events, item_id: str, index: int, call_id: str) -> None:
        super().__init__(events, item_id, index)
        self._call_id = call_id
        self._arguments: list[str] = []
        self._value: Json = {}

    @property
    def complete(self) -> bool:
        return is_json("".join(self._arguments))

    def document(self) -> Json:
        item: Json = {"id": self.id, "type": "tool_search_call", "status": self.status, "execution": "client"}
        return {**item, "call_id": self._call_id, "arguments": self._value}

    def add(self, arguments: str) -> None:
        self._events.keep(arguments)
        self._arguments.append(arguments)

    def _end_text(self) -> None:
        self._value = parse_arguments("tool_search", "".join(self._arguments))


def is_json(text: str) -> bool:
    try:
        loads(text)
    except ValueError:
        return False
    return True


Call: TypeAlias = FunctionCall | CustomCall | SearchCall
Item: TypeAlias = MessageItem | ReasoningItem | Call
