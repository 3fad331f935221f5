"""The output of a response: which item a piece of the answer belongs to, and when items open and close.

An item closes when another one begins, as with OpenAI's models. Only a tool call whose arguments are not complete by
then stays open, beside the later items, until the answer ends: services may send pieces of several calls in turns.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from proxywasm import log

from ...wire import lenient, limits
from ...wire.errors import bad_upstream
from ...wire.json import Json, dumps
from ..pivot import call_signatures, citations, thinking_blocks
from ..pivot.message_content import lenient_text
from ..pivot.tool_calls import ToolCalls
from .citations import Citations
from .documents import logprobs_of
from .events import Events, Text
from .items import COMPLETED, INCOMPLETE, Call, CustomCall, FunctionCall, Item, MessageItem, ReasoningItem, SearchCall
from .remembered import Remembered, Tool

_BLOCK_FIELDS: Final = ("type", "thinking", "signature", "data")


class Output:
    """Takes the message of a choice, whole or in deltas."""

    def __init__(self, events: Events, remembered: Remembered) -> None:
        self._events = events
        self._remembered = remembered
        self._citations = Citations()
        self._ids = str(uuid.uuid4())
        self._items: list[Item] = []
        self._last: Item | None = None
        """The item that is open and grows; earlier calls may be open, too."""
        self._numbers = ToolCalls()
        self._calls: dict[int, Call] = {}
        self._unnamed: dict[int, _UnnamedCall] = {}

    @property
    def text(self) -> Text | None:
        """The text to which most deltas belong, if it is open."""
        last = self._last
        return last.text if isinstance(last, MessageItem) and last.has_open_text else None

    def documents(self) -> list[Json]:
        return [item.document() for item in self._items]

    def add(self, message: Json, logprobs: Any = None) -> None:
        """Add what a message or a delta says."""
        blocks = thinking_blocks.signed(message) if "thinking_blocks" in message else []
        for block in blocks:
            self._add_block(block)
        if not blocks:
            self._add_thinking(message)
        if text := lenient_text(message.get("content")):
            self._message().part("output_text").add(text, logprobs_of(logprobs) if logprobs is not None else None)
        if refusal := lenient_text(message.get("refusal")):
            self._message().part("refusal").add(refusal)
        if "annotations" in message:
            self._citations.add(citations.of_message(message))
        calls = message.get("tool_calls")
        for position, call in enumerate(calls if isinstance(calls, list) else []):
            if isinstance(call, dict):
                self._add_call(call, position)

    def finish(self, *, incomplete: bool) -> None:
        """Close all items. `incomplete`: the answer was cut, and with it the items that are open."""
        for number in [*self._unnamed]:
            self._open_call(number, self._unnamed.pop(number), "")
        last = self._last
        for item in self._items:
            if item.is_open:
                cut = incomplete and (item is last or not item.complete)
                item.close(INCOMPLETE if cut else COMPLETED)
        self._citations.drop()
        self._last = None

    def abandon(self) -> None:
        """The stream has failed: what is open stays incomplete, without further events."""
        for item in self._items:
            if item.is_open:
                item.status = INCOMPLETE

    # Thinking.

    def _add_thinking(self, message: Json) -> None:
        reasoning = lenient_text(message.get("reasoning_content")) or lenient_text(message.get("reasoning"))
        if reasoning:
            self._reasoning().add(reasoning)
        if signature := lenient.text(message.get("reasoning_signature")):
            self._sign(signature)
        if data := lenient.text(message.get("reasoning_redacted_content")):
            self._add_block({"type": "redacted_thinking", "data": data})

    def _add_block(self, block: Json) -> None:
        """A block with its signature is an item of its own."""
        self._close_last()
        item = self._reasoning()
        if text := lenient.text(block.get("thinking")):
            item.add(text)
        item.blocks.append({name: block[name] for name in _BLOCK_FIELDS if isinstance(block.get(name), str)})
        self._close_last()

    def _sign(self, signature: str) -> None:
        """A signature belongs to the thinking before it and ends its item: later thinking is a new one."""
        item = self._reasoning()
        item.blocks.append({"type": "thinking", "thinking": item.thinking(), "signature": signature})
        self._close_last()

    # Items.

    def _reasoning(self) -> ReasoningItem:
        if not isinstance(self._last, ReasoningItem):
            summarizes = self._remembered.summarizes
            self._begin(ReasoningItem(self._events, *self._next("rs"), summarizes=summarizes))
        assert isinstance(self._last, ReasoningItem)
        return self._last

    def _message(self) -> MessageItem:
        if not isinstance(self._last, MessageItem):
            self._begin(MessageItem(self._events, *self._next("msg"), self._citations))
        assert isinstance(self._last, MessageItem)
        return self._last

    def _next(self, prefix: str) -> tuple[str, int]:
        index = len(self._items)
        return f"{prefix}_{self._ids}_{index}", index

    def _begin(self, item: Item) -> None:
        self._close_last()
        if len(self._items) >= limits.TOOL_CALLS:
            raise bad_upstream(f"the upstream's answer has more than {limits.TOOL_CALLS} items")
        self._items.append(item)
        self._last = item
        item.open()

    def _close_last(self) -> None:
        last = self._last
        if last is not None and last.complete:
            last.close(COMPLETED)
        self._last = None

    # Tool calls.

    def _add_call(self, call: Json, position: int) -> None:
        number = self._numbers.number(call, position)
        function = lenient.mapping(call.get("function"))
        given = function.get("arguments")
        arguments = given if isinstance(given, str) else dumps(given) if given else ""
        item = self._calls.get(number)
        if item is None:
            unnamed = self._unnamed.setdefault(number, _UnnamedCall())
            unnamed.add(call, arguments)
            if name := lenient.text(function.get("name")):
                del self._unnamed[number]
                self._open_call(number, unnamed, name)
        elif not item.is_open:
            if arguments:
                log.warn("the upstream sent arguments of a tool call after their end; dropped")
        elif arguments:
            item.add(arguments)

    def _open_call(self, number: int, call: _UnnamedCall, name: str) -> None:
        if call.signature:
            self._sign(call_signatures.block_signature(call.signature))
        tool = self._remembered.tools.get(name) or Tool(name)
        call_id = call.id or f"call_{uuid.uuid4()}"
        if tool.kind == "custom":
            item: Call = CustomCall(self._events, *self._next("ctc"), call_id, tool)
        elif tool.kind == "tool_search":
            item = SearchCall(self._events, *self._next("tsc"), call_id)
        else:
            item = FunctionCall(self._events, *self._next("fc"), call_id, tool)
        self._calls[number] = item
        self._begin(item)
        for arguments in call.arguments:
            item.add(arguments)


class _UnnamedCall:
    """A call whose name has not arrived: an item begins with it."""

    def __init__(self) -> None:
        self.id = self.signature = ""
        self.arguments: list[str] = []
        self._size = 0

    def add(self, call: Json, arguments: str) -> None:
        self.id = self.id or lenient.text(call.get("id"))
        self.signature = self.signature or call_signatures.of_call(call)
        if arguments:
            self.arguments.append(arguments)
            self._size += len(arguments)
            if self._size > limits.HELD_TEXT:
                raise bad_upstream("the upstream sends too much of a tool call before its name")
