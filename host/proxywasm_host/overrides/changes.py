"""What a patch does to an expected result, in place."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from .. import bodies
from ..bodies import JsonBody, SseBody, SseEvent
from .paths import Path

EVENTS: Final = ("append_event", "drop_events", "compute_events")
"""Operations on all events of a body."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One entry of a rule's `patch`. `source` is its key `from`, `program` the `value` of those that compute."""

    op: str
    path: Path
    value: Any = None
    event: str = ""
    matching: re.Pattern[str] | None = None
    source: Path = ()
    to: str = ""
    program: str = ""


def apply(patch: Patch, expected: dict[str, Any]) -> None:
    """Patch in place. Where the path leads nowhere nothing happens: a rule covers exchanges of several shapes."""
    _walk(patch, patch.path, expected)


def written(document: Any) -> str:
    """With white space that no plugin writes. A signature covers the bytes of a body: that of the recorded one is not
    expected where a body is expected that was computed.
    """
    return f" {bodies.compact(document)}"


def _walk(patch: Patch, path: Path, node: Any) -> None:
    step, rest = path[0], path[1:]
    if isinstance(node, list):  # of call-outs
        for index in range(len(node) - 1, -1, -1):
            if step in ("*", str(index)):
                if rest:
                    _walk(patch, rest, node[index])
                else:
                    _change(patch, node, index)
    elif not isinstance(node, dict):
        return
    elif step == "headers" and rest:
        if node.get("headers") is not None:
            node["headers"] = _patch_headers(patch, ".".join(rest), node["headers"])
    elif step == "body" and node.get("body") is not None and (rest or patch.op in EVENTS):
        _patch_body(patch, rest, node)
    elif rest:
        _walk(patch, rest, node.get(step))
    else:
        _change(patch, node, step)


def _patch_headers(patch: Patch, name: str, headers: list[list[str]]) -> list[list[str]]:
    kept = [pair for pair in headers if pair[0].lower() != name.lower()]
    return [*kept, [name, patch.value]] if patch.op == "set" else kept


def _patch_body(patch: Patch, rest: tuple[str, ...], message: dict[str, Any]) -> None:
    body = bodies.parse(bodies.join(message["body"]), event_stream=bodies.is_event_stream(message.get("headers")))
    match body:
        case SseBody(events):
            body.events = _patch_events(patch, rest, events)
        case JsonBody(value) if patch.op not in EVENTS:
            _descend(patch, rest, value)
        case _:
            return
    chunk = written(body.value) if isinstance(body, JsonBody) else bodies.unparse(body)
    message["body"] = [chunk] if isinstance(message["body"], list) else chunk


def _patch_events(patch: Patch, rest: tuple[str, ...], events: list[SseEvent]) -> list[SseEvent]:
    if patch.op == "compute_events":
        return [SseEvent(event.get("event", ""), event["data"]) for event in patch.value]
    if patch.op == "append_event":
        last = SseEvent(patch.event, patch.value)
        return events if events[-1:] == [last] else [*events, last]

    def concerns(event: SseEvent) -> bool:
        return patch.matching is None or patch.matching.search(bodies.compact(event.data)) is not None

    if patch.op == "insert" and not rest[1:]:
        events.insert(int(rest[0]), SseEvent(patch.event, copy.deepcopy(patch.value)))
        return events
    if patch.op == "drop_events":
        return [event for event in events if not concerns(event)]
    for index, event in enumerate(events):
        if rest[0] in ("*", str(index), str(index - len(events))) and concerns(event):
            if rest[1:]:
                _descend(replace(patch, matching=None), rest[1:], event.data)
            elif patch.op == "set":
                event.data = patch.value
    return events


def _descend(patch: Patch, path: tuple[str, ...], node: Any) -> None:
    step, rest = path[0], path[1:]
    if isinstance(node, list):
        for index in range(len(node) - 1, -1, -1):
            if step in ("*", str(index), str(index - len(node))):
                if rest:
                    _descend(patch, rest, node[index])
                else:
                    _change(patch, node, index)
    elif isinstance(node, dict):
        if not rest:
            _change(patch, node, step)
        elif step in node:
            _descend(patch, rest, node[step])


def _change(patch: Patch, node: Any, key: Any) -> None:
    if patch.matching is not None and not patch.matching.search(bodies.compact(node)):
        return
    if patch.op == "set":
        node[key] = copy.deepcopy(patch.value)
    elif patch.op in ("add", "subtract"):
        if key in node and isinstance(node[key], int) and isinstance(patch.value, int):
            node[key] += patch.value if patch.op == "add" else -patch.value
    elif patch.op == "insert":
        if isinstance(node, list):
            node.insert(key, copy.deepcopy(patch.value))
    elif patch.op == "rename":
        if isinstance(node, dict) and key in node:
            node[patch.to] = node.pop(key)
    elif isinstance(node, list) or key in node:
        del node[key]
