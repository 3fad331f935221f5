"""Chat answers in OpenAI's protocol: whole answers, and the writer of streams."""

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
from .tool_calls import NO_ARGUMENTS, ToolCalls

# The steps of a choice that may be written in each state, and the state that follows. Others cannot be written.
_CHOICE: Final = {
    ("new", "delta"): "open",
    ("new", "finish"): "finished",
    ("open", "delta"): "open",
    ("open", "finish"): "finished",
}

DONE: Final = "data: [DONE]\n\n"


class ChatWriter:
    """Writes a stream of `chat.completion.chunk` events: for each choice a role, deltas, and one finish reason; then
    the usage, once; and `[DONE]` once if the stream ends well, never after an error.

    `created` and the id are the same in all chunks of a stream.
    """

    def __init__(
        self,
        model: str,
        *,
        choices: int = 1,
        wants_usage: bool = True,
        usage_choice: bool = False,
        scrubber: Scrubber = NO_CREDENTIALS,
    ) -> None:
        """`choices`: the number of requested choices. `wants_usage`: the stream ends with the usage. `usage_choice`:
        the usage chunk has a choice with an empty delta instead of an empty list of choices. `scrubber` decides which
        texts have to be searched for credentials.
        """
        self._shortest, self._suspects = scrubber.shortest, scrubber.suspects_content
        self.needs_scrubbing = False
        self._model = model
        self._expected = choices
        self._usage_choice = usage_choice
        self._wants_usage = wants_usage
        self.last_usage: Json | None = None
        """The newest usage, whether the client wants it or not."""
        self._usage_written = False
        self._choices: dict[int, str] = {}
        self._calls: dict[int, ToolCalls] = {}
        self._head = self._tail = ""
        self._out: list[str] = []
        self.begun = False
        """An event has been written, or the id is known."""
        self.closed = False
        """The stream has ended or failed: nothing more is written."""
        self.may_end = False
        """The provider has announced the end, or announces it only by closing the connection: choices without a finish
        reason end with the stream."""

    @property
    def has_content(self) -> bool:
        """A part of a choice has been written."""
        return bool(self._choices)

    @property
    def complete(self) -> bool:
        """There is at least one choice, and all choices are finished."""
        return bool(self._choices) and "open" not in self._choices.values()

    def begin(self, chunk_id: str = "", *, created: Any = None, model: Any = None) -> None:
        """Set the id of the stream, and time and model if the provider gives them. Later calls are ignored; without an
        id, the first chunk generates one.
        """
        if self.begun:
            return
        self.begun = True
        known = isinstance(created, int) and not isinstance(created, bool) and created > 0
        when = created if known else int(time.time())
        name = model if isinstance(model, str) and model else self._model
        self.needs_scrubbing = True
        self._head = f'data: {{"id":{quote(chunk_id or f"chatcmpl-{uuid.uuid4()}")},"choices":['
        self._tail = f'],"created":{when},"model":{quote(name)},"object":"chat.completion.chunk","usage":'

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        """Add to a choice. Only the first delta of a choice has the role. `usage` is the usage so far, for providers
        that send it with every event. An empty delta, one of a type unknown to us for example, makes no chunk.
        """
        state = self._choices.get(index, "new")
        # A delta does not change the state of an open choice.
        if (state != "open" or self.closed) and not self._step(index, state, "delta"):
            return
        if usage is not None:
            self.last_usage = usage
        content = delta.get("content")
        plain = state == "open" and (len(delta) == 1 or (len(delta) == 2 and "role" in delta))
        if state == "new":
            delta = _with_role(delta)
        elif not (plain and isinstance(content, str)):
            delta = _without(delta, "role") if "role" in delta else delta
            if not delta and logprobs is None:
                return
        probs = "null" if logprobs is None else dumps(logprobs)
        if plain and isinstance(content, str):
            # Nearly all chunks have this form.
            text = f'{{"content":{quote(content)}}}'
            if logprobs is not None or (len(content) >= self._shortest and self._suspects(content)):
                self.needs_scrubbing = True
        else:
            text = dumps(self._with_calls(index, delta))
            self.needs_scrubbing = True
        self._out.append(
            f'{self._head}{{"index":{index},"delta":{text},"finish_reason":null,"logprobs":{probs}}}'
            f"{self._tail}null}}\n\n"
        )

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        """Finish a choice, in a chunk of its own. `delta` and `usage` are for providers that send them in the same
        event.
        """
        if delta and not self.closed and self._choices.get(index) != "finished":
            self.delta(index, delta)
        if usage is not None:
            self.last_usage = usage
        if index in self._calls:
            self._complete_calls(index)
            if reason == "stop":
                reason = "tool_calls"  # Clients run the tools because of this word.
        elif reason == "tool_calls":
            reason = "stop"  # Without calls the answer has simply ended.
        state = self._choices.get(index, "new")
        if self._step(index, state, "finish"):
            self.needs_scrubbing = True
            text = '{"role":"assistant"}' if state == "new" else "{}"
            self._out.append(
                f'{self._head}{{"index":{index},"delta":{text},"finish_reason":{quote(reason)},'
                f'"logprobs":null}}{self._tail}null}}\n\n'
            )

    def usage(self, usage: Json) -> None:
        """Set the usage. It is written once, when all requested choices are finished, if the client wants it."""
        self.last_usage = usage
        if self.complete and len(self._choices) >= self._expected:
            self._write_usage()

    def done(self) -> None:
        """The provider has ended the stream. Raises `ApiError` if a choice is not finished."""
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
            self.closed = self.needs_scrubbing = True
            self._out.append(error_event(error))

    def take(self) -> bytes:
        out = self._out
        if not out:
            return b""
        text = out[0] if len(out) == 1 else "".join(out)
        self._out = []
        self.needs_scrubbing = False
        try:
            return text.encode()
        except UnicodeEncodeError:
            return to_bytes(text)

    def _with_calls(self, index: int, delta: Json) -> Json:
        if "tool_calls" not in delta:
            return delta
        return {**delta, "tool_calls": self._calls.setdefault(index, ToolCalls()).normalized(delta["tool_calls"])}

    def _complete_calls(self, index: int) -> None:
        missing = self._calls[index].completing()
        if missing and self._choices.get(index) == "open" and not self.closed:
            self._out.append(
                f'{self._head}{{"index":{index},"delta":{dumps({"tool_calls": missing})},"finish_reason":null,'
                f'"logprobs":null}}{self._tail}null}}\n\n'
            )

    def _write_usage(self) -> None:
        if self.last_usage is None or self._usage_written or self.closed or not self._wants_usage:
            return
        self._usage_written = self.needs_scrubbing = True
        self.begin()
        choice = '{"index":0,"delta":{},"finish_reason":null,"logprobs":null}' if self._usage_choice else ""
        self._out.append(f"{self._head}{choice}{self._tail}{dumps(self.last_usage)}}}\n\n")

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
    """The first delta of a choice needs a role; some providers leave it out or empty."""
    role = delta.get("role")
    return delta if isinstance(role, str) and role else {"role": "assistant", **delta} | {"role": "assistant"}


def error_event(error: ApiError) -> str:
    """An error as an event, for streams whose status has been sent."""
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
    """A choice of a whole answer. Fields that clients rely on are added if the provider's are missing or invalid."""
    message = _with_role(message)
    if not isinstance(message.get("content"), (str, list, NoneType)):
        message = {**message, "content": None}
    if "tool_calls" in message:
        tracked = ToolCalls()
        calls = [_without(call, "index") for call in tracked.normalized(message["tool_calls"])]
        for piece in tracked.completing():
            calls[piece["index"]]["function"]["arguments"] = NO_ARGUMENTS
        message = {**message, "tool_calls": calls} if calls else _without(message, "tool_calls")
    if finish_reason == "tool_calls" and "tool_calls" not in message:
        finish_reason = "stop"  # Without calls the answer has simply ended.
    elif finish_reason == "stop" and "tool_calls" in message:
        finish_reason = "tool_calls"  # Clients run the tools because of this word.
    return {"index": index, "message": message, "finish_reason": finish_reason, "logprobs": logprobs}


def _without(message: Json, name: str) -> Json:
    return {key: value for key, value in message.items() if key != name}
