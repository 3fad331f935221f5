"""Writes the streams of Anthropic's Messages API and guarantees their event order.

Source: docs.anthropic.com, "Streaming messages". A message is `message_start`, then content blocks one after the other
(`content_block_start`, deltas, `content_block_stop`), then `message_delta` with the stop reason and the usage, and
`message_stop`; `error` ends the stream. `ping` is optional and is not written.
"""

from __future__ import annotations

import uuid
from collections import deque
from typing import Any, Final

from proxywasm import log

from ...wire import lenient, limits
from ...wire.errors import ApiError, bad_upstream, stream_cut
from ...wire.json import Json, dumps, to_bytes
from ..pivot import call_signatures
from ..pivot.message_content import lenient_text
from ..pivot.tool_calls import ToolCalls
from .citations import Cited
from .parts import DELTAS, STOP_REASONS, Block, error_document, usage

# The events that may be written in each state, and the state that follows. Other events cannot be written.
_MESSAGE: Final = {
    ("new", "message_start"): "between",
    ("between", "content_block_start"): "in block",
    ("in block", "content_block_delta"): "in block",
    ("in block", "content_block_stop"): "between",
    ("between", "message_delta"): "ending",
    ("ending", "message_stop"): "ended",
    ("new", "error"): "failed",
    ("between", "error"): "failed",
    ("in block", "error"): "failed",
    ("ending", "error"): "failed",
}


class ClaudeWriter:
    """Writes the first choice of a stream as one message.

    Only one block is open at a time. A block of text or thinking ends when another kind begins; later text is a new
    block. A tool call cannot be reopened: its block stays open until its arguments are complete, and deltas of other
    calls wait for that.
    """

    needs_scrubbing = True

    def __init__(self, model: str) -> None:
        self.may_end = False
        self._id = ""
        self._model = model
        self._state = "new"
        self._started = False
        self._finish: str | None = None
        self.last_usage: Json | None = None
        self._count = 0
        self._open: Block | None = None
        self._waiting: deque[Block] = deque()
        self._held = 0
        self._calls = ToolCalls()
        self._blocks: dict[int, Block] = {}
        self._cited: Cited | None = None
        """Citations of the open block of text, or of the next one."""
        self._citations: list[Json] = []
        """Those that wait for it."""
        self._out: list[str] = []

    @property
    def begun(self) -> bool:
        return bool(self._id) or self._state != "new"

    @property
    def has_content(self) -> bool:
        return self._started

    @property
    def closed(self) -> bool:
        return self._state in {"ended", "failed"}

    @property
    def complete(self) -> bool:
        return self._finish is not None

    def begin(self, chunk_id: str = "", *, created: Any = None, model: Any = None) -> None:  # noqa: ARG002
        """A message has no time of creation."""
        if self.begun:
            return
        self._id = chunk_id
        if isinstance(model, str) and model:
            self._model = model

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:  # noqa: ARG002
        """A message has no log probabilities, and no other choices."""
        if index or self.closed:
            return
        if self._finish is not None:
            log.warn("the upstream sent a delta after its end; dropped")
            return
        self.last_usage = usage or self.last_usage
        self._start()
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(reasoning, str) and reasoning:
            self._append_text("thinking", reasoning)
        if isinstance(signature := delta.get("reasoning_signature"), str) and signature:
            self._write_signature(signature)
        if isinstance(data := delta.get("reasoning_redacted_content"), str) and data:
            self._append_redacted(data)
        for text in (lenient_text(delta.get("content")), lenient_text(delta.get("refusal"))):
            if text:
                self._append_text("text", text)
        if "annotations" in delta:
            self._cite(delta)
        calls = delta.get("tool_calls")
        for position, call in enumerate(calls if isinstance(calls, list) else []):
            if isinstance(call, dict):
                self._call(call, position)

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        if index or self.closed or self._finish is not None:
            return
        self.delta(0, delta or {}, usage=usage)
        self._advance(at_end=True)
        self._close_block()
        if self._citations:
            log.debug("citations of the answer are dropped: no text follows them")
        self._finish = reason

    def usage(self, usage: Json) -> None:
        self.last_usage = usage
        if self._finish is not None and not self.closed:
            self._end()

    def done(self) -> None:
        if self.closed:
            return
        if self._finish is None and self.may_end and self._state != "new":
            self.finish(0, "stop")
        if self._finish is None:
            raise stream_cut()
        self._end()

    def fail(self, error: ApiError) -> None:
        if not self.closed:
            self._write("error", error_document(error))

    def take(self) -> bytes:
        text = "".join(self._out)
        self._out = []
        return to_bytes(text)

    # Blocks.

    def _append_text(self, kind: str, text: str) -> None:
        last = self._waiting[-1] if self._waiting else self._open
        if last is None or last.kind != kind:
            last = Block(kind)
            self._waiting.append(last)
        self._append(last, text)
        self._advance()

    def _append_redacted(self, data: str) -> None:
        """Encrypted thinking is a block of its own without deltas."""
        block = Block("redacted_thinking")
        block.data = data
        self._waiting.append(block)
        self._advance()

    def _write_signature(self, signature: str) -> None:
        """A signature belongs to the thinking before it and ends its block: later thinking is a new block."""
        if self._open is None or self._open.kind != "thinking" or self._waiting:
            self._waiting.append(Block("thinking"))
            self._advance(at_end=True)
        if self._open is not None:
            self._delta({"type": "signature_delta", "signature": signature})
            self._close_block()

    def _cite(self, delta: Json) -> None:
        """Citations belong to the text that is open, or to the next one if services send them before it."""
        self._cited = self._cited or Cited()
        self._citations += self._cited.new(delta)
        self._write_citations()

    def _write_citations(self) -> None:
        if self._open is not None and self._open.kind == "text":
            for citation in self._citations:
                self._delta({"type": "citations_delta", "citation": citation})
            self._citations = []

    def _call(self, call: Json, position: int) -> None:
        number = self._calls.number(call, position)
        block = self._blocks.get(number)
        if block is None:
            if signature := call_signatures.of_call(call):
                self._write_signature(call_signatures.block_signature(signature))
            block = self._blocks[number] = Block("tool_use")
            self._waiting.append(block)
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        block.id = block.id or lenient.text(call.get("id"))
        block.name = block.name or lenient.text(function.get("name"))
        if arguments := lenient.text(function.get("arguments")):
            if block.closed:
                log.warn("the upstream sent arguments of a tool call after their end; dropped")
                return
            self._append(block, arguments)
        self._advance()

    def _append(self, block: Block, text: str) -> None:
        block.append(text)
        if block is not self._open:
            self._held += len(text)
            if self._held > limits.HELD_TEXT:
                raise bad_upstream("the upstream leaves a tool call open and says too much of others meanwhile")

    def _advance(self, *, at_end: bool = False) -> None:
        """Write the text of the open block, and waiting blocks in their order, as far as the grammar allows."""
        self._flush()
        while self._waiting and (at_end or self._waiting[0].ready):
            if self._open is not None and not (at_end or self._open.complete):
                return
            self._close_block()
            self._open_block(self._waiting.popleft())
            self._held -= self._flush()

    def _flush(self) -> int:
        """Write the waiting text of the open block in one delta; returns its number of characters."""
        block = self._open
        if block is None or not (text := block.take()):
            return 0
        kind, key = DELTAS[block.kind]
        self._delta({"type": kind, key: text})
        return len(text)

    # The events.

    def _start(self) -> None:
        if self._state != "new":
            return
        message: Json = {
            "id": self._id or f"msg_{uuid.uuid4()}", "type": "message", "role": "assistant", "content": [],
            "model": self._model, "stop_reason": None, "stop_sequence": None,
            "usage": {**usage(self.last_usage), "output_tokens": 0},
        }  # fmt: skip
        self._write("message_start", {"type": "message_start", "message": message})
        self._started = True

    def _open_block(self, block: Block) -> None:
        self._open = block
        start = {"type": "content_block_start", "index": self._count, "content_block": block.content()}
        self._write("content_block_start", start)
        if self._citations:
            self._write_citations()

    def _delta(self, delta: Json) -> None:
        self._write("content_block_delta", {"type": "content_block_delta", "index": self._count, "delta": delta})

    def _close_block(self) -> None:
        if self._open is None:
            return
        if self._cited is not None and self._open.kind == "text":
            self._cited = None
        self._open.closed = True
        self._open = None
        self._write("content_block_stop", {"type": "content_block_stop", "index": self._count})
        self._count += 1

    def _end(self) -> None:
        self._start()
        reason = self._finish or ""
        if self._blocks and reason == "stop":
            reason = "tool_calls"  # As OpenAI says it where the client has forced the call.
        elif not self._blocks and reason in {"tool_calls", "function_call"}:
            reason = "stop"
        delta = {"stop_reason": STOP_REASONS.get(reason, "end_turn"), "stop_sequence": None}
        self._write("message_delta", {"type": "message_delta", "delta": delta, "usage": usage(self.last_usage)})
        self._write("message_stop", {"type": "message_stop"})

    def _write(self, event: str, document: Json) -> None:
        self._state = _MESSAGE[self._state, event]
        self._out.append(f"event: {event}\ndata: {dumps(document)}\n\n")
