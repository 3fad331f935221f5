"""Answers that are computed: programs in the language of jq over an exchange.

A program gets an object with `name`, `config`, `request`, `response`, `callouts`, `before`; `expect`, the recorded
result; and `now`, the result as earlier patches have left it. A message in it has `headers` (an object; names in lower
case), `body` (a JSON document, the data of all events, or a text), `events` (objects with `event` and `data`, if it has
any) and `text`, the body as it came; what else it has stays.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Protocol

import jq

from .. import bodies
from ..bodies import JsonBody, SseBody


class _Program(Protocol):
    def input_value(self, value: Any, /) -> Any: ...


class ProgramError(ValueError):
    """A program is not one, or fails. The message is jq's, without its line of statistics."""


@functools.cache
def compiled(functions: str, text: str) -> _Program:
    """`functions` are definitions that the program may use. Raises `ProgramError`."""
    try:
        program: _Program = jq.compile(f"{functions}\n{text}")
    except ValueError as error:
        raise ProgramError(str(error).partition("\n")[0]) from None
    return program


def run(functions: str, text: str, view: Any) -> list[Any]:
    """All that the program gives. Raises `ProgramError`."""
    try:
        results: list[Any] = compiled(functions, text).input_value(view).all()
    except ValueError as error:
        raise ProgramError(f"{error}: {text}") from None
    return results


class Views:
    """What programs see of an exchange, whose `expect` is the candidate in question."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw

    @functools.cached_property
    def _exchange(self) -> dict[str, Any]:
        parts = ("request", "response", "callouts", "before", "expect")
        view = {key: _view(self.raw[key]) for key in parts if key in self.raw}
        return {**view, "name": self.raw["name"], "config": self.raw.get("config")}

    def now(self, expected: Mapping[str, Any]) -> dict[str, Any]:
        """`expected` is what earlier patches have left."""
        return {**self._exchange, "now": _view(expected)}


def _view(value: Any) -> Any:
    if isinstance(value, list):
        return [_view(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "headers" in value:
        return _message(value)
    return {key: _view(item) for key, item in value.items()}


def _message(message: dict[str, Any]) -> dict[str, Any]:
    view = {**message, "headers": {name.lower(): text for name, text in reversed(message["headers"] or [])}}
    if message.get("body") is None:
        return view
    data = bodies.join(message["body"])
    body = bodies.parse(data, event_stream=bodies.is_event_stream(message["headers"]))
    view["text"] = data.decode(errors="replace")
    match body:
        case JsonBody(document):
            view["body"] = document
        case SseBody(events):
            view["events"] = [{"event": event.event, "data": event.data} for event in events]
            view["body"] = [event.data for event in events]
        case _:
            view["body"] = view["text"]
    return view
