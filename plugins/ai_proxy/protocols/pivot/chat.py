"""The chat answers of the OpenAI protocol: whole ones, and the writer that owns the grammar of streamed ones."""

from __future__ import annotations

import time
import uuid
from types import NoneType
from typing import Any, Final

from proxywasm import log

from ...credentials.scrubber import NO_CREDENTIALS, Scrubber
from ...wire import limits
from ...wire.errors import ApiError, bad_upstream, stream_cut
from ...wire.json import Json, dumps, quote, to_bytes
from .tool_calls import ToolCalls

# What may be said of a choice in which state, and the state that follows. What is not here cannot be written.
_CHOICE: Final = {
    ("new", "delta"): "open",
    ("new", "finish"): "finished",
    ("open", "delta"): "open",
    ("open", "finish"): "finished",
}

_MORE_DIGITS: Final = 4
"""By so much a usage may become longer within a stream and still be taken for nothing but numbers."""

DONE: Final = "data: [DONE]\n\n"


class ChatWriter:
    """Writes a stream of `chat.completion.chunk` events: for each choice first a role, then deltas, then one finish;
    then the usage, once; and `[DONE]` once at a clean end, never after an error.

    `take` gives the bytes written so far. `created` and the id are the same in all chunks of a stream.
    """

    def __init__(
        self, model: str, *, choices: int = 1, usage_choice: bool = False, scrubber: Scrubber = NO_CREDENTIALS
    ) -> None:
        """`choices`: how many were asked for. `usage_choice`: the usage chunk has a choice with an empty delta, and not
        an empty list of choices. `scrubber`: says which texts make it `wordy`.
        """
        self._shortest, self._suspects = scrubber.shortest, scrubber.suspects_content
        self._usual_usage = 0
        self.wordy = False
        self._model = model
        self._expected = choices
        self._usage_choice = usage_choice
        self._usage: Json | None = None
        self._usage_written = False
        self._choices: dict[int, str] = {}
        self._calls: dict[int, ToolCalls] = {}
        self._head = self._tail = ""
        self._out: list[str] = []
        self.begun = False
        """Something has been written, or at least the id is known."""
        self.closed = False
        """The stream has ended or failed, and says nothing more."""
        self.may_end = False
        """The provider has said that it is done, or says so only by closing the connection: choices that have no finish
        of their own end with the stream."""

    @property
    def said(self) -> bool:
        """Some of a choice has been written."""
        return bool(self._choices)

    @property
    def complete(self) -> bool:
        """Every choice that has begun is finished, and there is one."""
        return bool(self._choices) and "open" not in self._choices.values()

    def begin(self, chunk_id: str = "", *, created: Any = None, model: Any = None) -> None:
        """Say the id of the stream, and time and model where the provider knows better. Later ones are ignored; without
        an id, the first chunk makes one up.
        """
        if self.begun:
            return
        self.begun = True
        known = isinstance(created, int) and not isinstance(created, bool) and created > 0
        when = created if known else int(time.time())
        name = model if isinstance(model, str) and model else self._model
        self.wordy = True
        self._head = f'data: {{"id":{quote(chunk_id or f"chatcmpl-{uuid.uuid4()}")},"choices":['
        self._tail = f'],"created":{when},"model":{quote(name)},"object":"chat.completion.chunk","usage":'

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        """More of a choice. The role is added where the provider has not given one. `usage` is what has been used so
        far, for providers that say so all the time.
        """
        state = self._choices.get(index, "new")
        # A choice that is open stays open, so there is no step to make as long as the stream goes on.
        if (state != "open" or self.closed) and not self._step(index, state, "delta"):
            return
        if state == "new":
            delta = _with_role(delta)
        probs = "null" if logprobs is None else dumps(logprobs)
        content = delta.get("content")
        if len(delta) == 2 and isinstance(content, str) and delta.get("role") == "assistant":
            # The shape of nearly all chunks.
            text = f'{{"role":"assistant","content":{quote(content)}}}'
            if logprobs is not None or (len(content) >= self._shortest and self._suspects(content)):
                self.wordy = True
        else:
            text = dumps(self._with_calls(index, delta))
            self.wordy = True
        counts = "null" if usage is None else dumps(usage)
        if len(counts) > self._usual_usage:
            self._usual_usage = len(counts) + _MORE_DIGITS
            self.wordy = True
        self._out.append(
            f'{self._head}{{"index":{index},"delta":{text},"finish_reason":null,"logprobs":{probs}}}'
            f"{self._tail}{counts}}}\n\n"
        )

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        """The last of a choice; `delta` and `usage` for providers that say them together with it."""
        state = self._choices.get(index, "new")
        if self._step(index, state, "finish"):
            self._usage_written = self._usage_written or usage is not None
            self.wordy = True
            delta = self._with_calls(index, _with_role(delta or {}) if state == "new" else delta or {})
            self._out.append(
                f'{self._head}{{"index":{index},"delta":{dumps(delta)},"finish_reason":{quote(reason)},'
                f'"logprobs":null}}{self._tail}{"null" if usage is None else dumps(usage)}}}\n\n'
            )

    def usage(self, usage: Json) -> None:
        """The tokens used so far. They are written once, as soon as the last choice that was asked for is finished."""
        self._usage = usage
        if self.complete and len(self._choices) >= self._expected:
            self._write_usage()

    def done(self) -> None:
        """The provider has ended the stream. Raises `ApiError` if that is too early: an end is not invented."""
        if self.closed:
            return
        if self.may_end:
            for index in [index for index, state in self._choices.items() if state != "finished"]:
                self.finish(index, "tool_calls" if index in self._calls else "stop")
        if not self.complete:
            raise stream_cut()
        self._write_usage()
        self.closed = True
        self._out.append(DONE)

    def fail(self, error: ApiError) -> None:
        """End the stream with an error."""
        if not self.closed:
            self.closed = self.wordy = True
            self._out.append(error_event(error))

    def take(self) -> bytes:
        out = self._out
        if not out:
            return b""
        text = out[0] if len(out) == 1 else "".join(out)
        self._out = []
        self.wordy = False
        try:
            return text.encode()
        except UnicodeEncodeError:
            return to_bytes(text)

    def _with_calls(self, index: int, delta: Json) -> Json:
        if "tool_calls" not in delta:
            return delta
        return {**delta, "tool_calls": self._calls.setdefault(index, ToolCalls()).told(delta["tool_calls"])}

    def _write_usage(self) -> None:
        if self._usage is None or self._usage_written or self.closed:
            return
        self._usage_written = self.wordy = True
        self.begin()
        choice = '{"index":0,"delta":{},"finish_reason":null,"logprobs":null}' if self._usage_choice else ""
        self._out.append(f"{self._head}{choice}{self._tail}{dumps(self._usage)}}}\n\n")

    def _step(self, index: int, state: str, what: str) -> bool:
        following = _CHOICE.get((state, what))
        if following is None or self.closed:
            if not self.closed:
                log.warn("the upstream sent a %s for choice %d after its end; dropped", what, index)
            return False
        if state == "new" and len(self._choices) >= limits.CHOICES:
            raise bad_upstream(f"the upstream's answer has more than {limits.CHOICES} choices")
        self._choices[index] = following
        if not self.begun:
            self.begin()
        return True


def _with_role(delta: Json) -> Json:
    """The first that is said of a choice says whose it is; some providers leave the role out or empty."""
    role = delta.get("role")
    return delta if isinstance(role, str) and role else {"role": "assistant", **delta} | {"role": "assistant"}


def error_event(error: ApiError) -> str:
    """How a stream tells its client of an error when the status is long gone."""
    return f"data: {dumps(error.document())}\n\n"


def completion(answer_id: str, model: str, choices: list[Json], usage: Json | None) -> Json:
    """A whole answer."""
    return {
        "id": answer_id or f"chatcmpl-{uuid.uuid4()}",
        "choices": choices,
        "created": int(time.time()),
        "model": model,
        "object": "chat.completion",
        "usage": usage,
    }


def choice(index: int, message: Json, finish_reason: str | None, logprobs: Any = None) -> Json:
    """A choice of a whole answer. What clients rely on is there, whatever the provider has left out or mistyped."""
    message = _with_role(message)
    if not isinstance(message.get("content"), (str, list, NoneType)):
        message = {**message, "content": None}
    if "tool_calls" in message:
        calls = ToolCalls().told(message["tool_calls"])
        message = {**message, "tool_calls": calls} if calls else _without(message, "tool_calls")
    return {"index": index, "message": message, "finish_reason": finish_reason, "logprobs": logprobs}


def _without(message: Json, name: str) -> Json:
    return {key: value for key, value in message.items() if key != name}
