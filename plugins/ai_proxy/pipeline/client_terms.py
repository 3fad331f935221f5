"""Converted answers in the terms of their client: its own names of tools, and functions where it knows no tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..protocols.exchange import Exchange
from ..protocols.passing_writer import PassingWriter
from ..protocols.pivot import legacy_functions
from ..protocols.stream_writer import StreamWriter
from ..wire import lenient
from ..wire.json import Json


def restore(exchange: Exchange, answer: Json) -> None:
    """Change a whole answer of the pivot in place."""
    names, legacy = exchange.tool_names, exchange.legacy_functions
    if not (names or legacy):
        return
    for choice in lenient.objects(answer.get("choices")):
        message = choice.get("message")
        if not isinstance(message, dict) or "tool_calls" not in message:
            continue
        message = _named(message, names)
        choice["message"] = legacy_functions.delta(message) if legacy else message
        reason = choice.get("finish_reason")
        if legacy and isinstance(reason, str):
            choice["finish_reason"] = legacy_functions.FINISH.get(reason, reason)


def _named(message: Json, names: Mapping[str, str]) -> Json:
    calls = message.get("tool_calls")
    if not names or not isinstance(calls, list):
        return message
    return {**message, "tool_calls": [_named_call(call, names) for call in calls]}


def _named_call(call: Any, names: Mapping[str, str]) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or name not in names:
        return call
    return {**call, "function": {**lenient.mapping(function), "name": names[name]}}


class RestoringWriter(PassingWriter):
    """Restores the client's terms in a stream."""

    def __init__(self, writer: StreamWriter, names: Mapping[str, str], *, legacy: bool) -> None:
        super().__init__(writer)
        self._names = names
        self._legacy = legacy
        self._called: set[int] = set()
        self._with_arguments: set[int] = set()

    def delta(self, index: int, delta: Json, *, logprobs: Any = None, usage: Json | None = None) -> None:
        self._writer.delta(index, self._restored(index, delta), logprobs=logprobs, usage=usage)

    def finish(self, index: int, reason: str, *, delta: Json | None = None, usage: Json | None = None) -> None:
        delta = delta and self._restored(index, delta)
        if self._legacy and reason == "tool_calls":
            if index in self._called - self._with_arguments:
                self._writer.delta(index, {"function_call": {"arguments": "{}"}})
            reason = legacy_functions.FINISH[reason] if index in self._called else "stop"
        self._writer.finish(index, reason, delta=delta, usage=usage)

    def _restored(self, index: int, delta: Json) -> Json:
        if "tool_calls" not in delta:
            return delta
        delta = _named(delta, self._names)
        if not self._legacy:
            return delta
        restored = legacy_functions.delta(delta)
        if "function_call" in restored:
            self._called.add(index)
            if lenient.text(restored["function_call"].get("arguments")):
                self._with_arguments.add(index)
        return restored
