"""Deliberate differences from the recorded behaviour, each with its reason: `conformance_overrides.json`.

```json
{
  "rules": [{
    "id": "done-once",
    "reason": "a clean end of a stream is marked by [DONE]",
    "when": {"config.provider.type": "^qwen$", "request.body.stream": "true", "expect.local_reply": null},
    "patch": [{"op": "append_event", "value": "[DONE]"}]
  }],
  "exchanges": {"qwen-x-a": {"rule": "done-once", "reason": "...", "expect": {"local_reply": null}}}
}
```

`when` has dotted paths into the exchange, each with a regular expression that is searched in the text there (compact
JSON for anything else), or null for what must not be there. Bodies are joined, and parsed where they are JSON;
headers are found by name (`request.headers.:path`), events by number (`response.body.0.usage`).

`patch` changes what is expected, by dotted paths into the result. In a body of server-sent events the path goes on with
the number of the event or `*` for all, and then into its data; `matching` keeps it to events whose data it is found in.
In other bodies `matching` is searched in the object or array that `path` ends in.

- `remove`: `path` is not expected.
- `set`: `value` is expected at `path`.
- `copy`: what stands at `from`, a path into the exchange, is expected at `path`.
- `compose`: the text `value` is expected at `path`, in which `{...}` stands for what is at this path into the exchange.
- `add`, `subtract`: the number at `path` is greater, or smaller, by the one at `from`.
- `insert`: `value` is expected in front of what is at `path`, which ends in the number of an element or of an event
  (`event` is the new one's name).
- `rename`: what is at `path` is expected under the key `to`.
- `append_event`: this event (`value` is its data, `event` its name) is the last of `path` (`downstream.body`).
- `drop_events`: no events with data in which `matching` is found.

`exchanges` replaces whole parts for one exchange; what is replaced is compared also where the original has a known bug.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from . import bodies
from .bodies import JsonBody, SseBody, SseEvent
from .exchange import Exchange

FILE_NAME: Final = "conformance_overrides.json"

Expected: TypeAlias = dict[str, Any]


class OverridesError(ValueError):
    """An overrides file cannot be used. The message says which file, which entry, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Patch:
    op: str
    path: tuple[str, ...]
    value: Any = None
    event: str = ""
    matching: re.Pattern[str] | None = None
    source: tuple[str, ...] = ()
    to: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    reason: str
    when: Mapping[tuple[str, ...], re.Pattern[str] | None]
    patches: tuple[Patch, ...]

    def matches(self, exchange: Exchange) -> bool:
        for path, pattern in self.when.items():
            found = _look_up(exchange.raw, path)
            if pattern is None:
                if found is not None:
                    return False
            elif found is None or not pattern.search(bodies.compact(found)):
                return False
        return True

    def change(self, expected: Expected, raw: Mapping[str, Any]) -> bool:
        """Patch in place. False: this rule has nothing to say about these expectations."""
        before = copy.deepcopy(expected)
        for patch in self.patches:
            if patch.op == "compose":
                if (text := _composed(raw, patch.value)) is not None:
                    _apply(replace(patch, value=text, op="set"), expected)
            elif not patch.source:
                _apply(patch, expected)
            elif (found := _look_up(raw, patch.source)) is not None:
                _apply(replace(patch, value=found, op="set" if patch.op == "copy" else patch.op), expected)
        return expected != before


@dataclass(frozen=True, slots=True)
class Single:
    """What is expected for one exchange. `rule` may name the rule or section that explains it."""

    reason: str
    expect: Mapping[str, Any]
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What may come out: candidates of which each part of a result has to be like one."""

    candidates: tuple[Expected, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overrides:
    rules: tuple[Rule, ...] = ()
    exchanges: Mapping[str, Single] | None = None
    path: Path | None = None

    def apply(self, exchange: Exchange) -> Applied | None:
        """What is expected of an exchange; None: nothing, or a known bug of the original that nobody replaced."""
        raw = exchange.raw
        single = (self.exchanges or {}).get(exchange.name)
        if single is None and ("expect" not in raw or raw.get("known_bug")):
            return None
        candidates = [copy.deepcopy(candidate) for candidate in _recorded(raw)]
        names = []
        for rule in self.rules:
            if rule.matches(exchange):
                changed = [rule.change(candidate, raw) for candidate in candidates]
                if any(changed):
                    names.append(rule.id)
        if single is not None:
            names.append(single.rule or exchange.name)
            candidates = [{**candidate, **single.expect} for candidate in candidates]
        return Applied(tuple(candidates), tuple(names))

    def stale(self, exchanges: Iterable[Exchange]) -> list[str]:
        """What in this file has no effect on any of these exchanges, one line each."""
        unused = {rule.id: rule for rule in self.rules}
        names = set()
        for exchange in exchanges:
            names.add(exchange.name)
            for rule in list(unused.values()):
                candidates = copy.deepcopy([*_recorded(exchange.raw)])
                if rule.matches(exchange) and any(rule.change(one, exchange.raw) for one in candidates):
                    del unused[rule.id]
        lines = [f"rule {name!r} changes no exchange" for name in unused]
        return lines + [f"exchange {name!r} does not exist" for name in self.exchanges or {} if name not in names]


NO_OVERRIDES: Final = Overrides()


def find(exchange_file: Path) -> Path | None:
    """The overrides that belong to an exchange file: in its folder or the nearest one above."""
    for folder in exchange_file.resolve().parents:
        candidate = folder / FILE_NAME
        if candidate.is_file():
            return candidate
    return None


def load(path: Path) -> Overrides:
    """Raises `OverridesError`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OverridesError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise OverridesError(f"{path}: is not JSON: {error}") from None
    try:
        _keys(document, "the file", {"rules", "exchanges"})
        rules = tuple(_rule(item, f"rules.{index}") for index, item in enumerate(document.get("rules", [])))
        exchanges = {name: _single(item, f"exchanges.{name}") for name, item in document.get("exchanges", {}).items()}
    except _Wrong as wrong:
        raise OverridesError(f"{path}: {wrong}") from None
    if len({rule.id for rule in rules}) != len(rules):
        raise OverridesError(f"{path}: two rules have the same id")
    return Overrides(rules, exchanges, path)


# Loading.


class _Wrong(Exception):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


_PATCH_KEYS: Final = {
    "remove": ({"path"}, {"matching"}),
    "set": ({"path", "value"}, {"matching"}),
    "copy": ({"path", "from"}, {"matching"}),
    "compose": ({"path", "value"}, {"matching"}),
    "add": ({"path", "from"}, {"matching"}),
    "subtract": ({"path", "from"}, {"matching"}),
    "insert": ({"path", "value"}, {"event"}),
    "rename": ({"path", "to"}, {"matching"}),
    "append_event": ({"value"}, {"path", "event"}),
    "drop_events": ({"matching"}, {"path"}),
}
"""The keys that each operation must and may have."""


def _rule(value: Any, where: str) -> Rule:
    _keys(value, where, {"id", "reason", "when", "patch"}, {"id", "reason", "when", "patch"})
    _keys(value["when"], f"{where}.when", None)
    when = {
        _path(path): None if pattern is None else _pattern(pattern, f"{where}.when.{path}")
        for path, pattern in value["when"].items()
    }
    if not isinstance(value["patch"], list):
        raise _Wrong(f"{where}.patch", "expected an array")
    patches = tuple(_patch(item, f"{where}.patch.{index}") for index, item in enumerate(value["patch"]))
    return Rule(value["id"], value["reason"], when, patches)


def _patch(value: Any, where: str) -> Patch:
    _keys(value, where, None)
    op = value.get("op")
    if op not in _PATCH_KEYS:
        raise _Wrong(f"{where}.op", f"expected one of {', '.join(_PATCH_KEYS)}, got {op!r}")
    needed, optional = _PATCH_KEYS[op]
    _keys(value, where, needed | optional | {"op"}, needed)
    matching = value.get("matching")
    return Patch(
        op,
        _path(value.get("path", "downstream.body")),
        value.get("value"),
        value.get("event", ""),
        None if matching is None else _pattern(matching, f"{where}.matching"),
        _path(value["from"]) if "from" in value else (),
        value.get("to", ""),
    )


def _single(value: Any, where: str) -> Single:
    _keys(value, where, {"rule", "reason", "expect"}, {"reason", "expect"})
    _keys(value["expect"], f"{where}.expect", {"start", "upstream", "downstream", "local_reply", "callouts"})
    return Single(value["reason"], value["expect"], value.get("rule", ""))


def _keys(value: Any, where: str, known: set[str] | None, needed: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    if not isinstance(value, dict):
        raise _Wrong(where, "expected an object")
    for key in value:
        if known is not None and key not in known:
            raise _Wrong(where, f"no such key: {key!r}; there are {', '.join(sorted(known))}")
    if missing := sorted(needed - value.keys()):
        raise _Wrong(where, f"{missing[0]} is missing")


def _pattern(value: Any, where: str) -> re.Pattern[str]:
    if not isinstance(value, str):
        raise _Wrong(where, f"expected a regular expression in quotes, got {bodies.compact(value)}")
    try:
        return re.compile(value)
    except re.error as error:
        raise _Wrong(where, f"is not a regular expression: {error}") from None


def _path(text: str) -> tuple[str, ...]:
    return tuple(text.split("."))


# Looking into an exchange.


def _look_up(value: Any, path: tuple[str, ...]) -> Any:
    """What is at a path; None if nothing is there."""
    for index, step in enumerate(path):
        if isinstance(value, dict):
            if step not in value and (name := ".".join(path[index:])) in value:
                return value[name]  # a key with dots in it, such as the name of a model
            value = value.get(step)
            if step == "body" and value is not None:
                value = _value(bodies.parse(bodies.join(value)), inside=index + 1 < len(path))
            elif step == "headers" and index + 1 < len(path):
                name = ".".join(path[index + 1 :])
                return next((text for key, text in value or [] if key.lower() == name), None)
        elif isinstance(value, list) and step.lstrip("-").isdigit() and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _composed(raw: Any, template: str) -> str | None:
    """None if something that is named is not there."""
    found = {name: _text(raw, _path(name)) for name in re.findall(r"\{([^{}]+)\}", template)}
    if any(value is None for value in found.values()):
        return None
    return re.sub(r"\{([^{}]+)\}", lambda match: str(found[match[1]]), template)


def _text(raw: Any, path: tuple[str, ...]) -> str | None:
    """What is at a path, as text; a whole body as it came."""
    if path[-1] == "body":
        message = _look_up(raw, path[:-1])
        body = message.get("body") if isinstance(message, dict) else None
        return None if body is None else bodies.join(body).decode(errors="replace")
    value = _look_up(raw, path)
    return None if value is None else bodies.compact(value)


def _value(body: bodies.Body, *, inside: bool) -> Any:
    if inside and isinstance(body, SseBody):
        return [event.data for event in body.events]
    return body.value if isinstance(body, JsonBody) else bodies.unparse(body)


# Changing what is expected.


def _recorded(raw: Mapping[str, Any]) -> Iterator[Expected]:
    expect, main, semantic = raw.get("expect", {}), raw.get("expect_main"), raw.get("expect_semantic")
    if semantic is None:
        yield expect
        if main:
            yield {**expect, **main}
        return
    # The stream was cut at awkward places, where the original may stumble: what counts is what the uncut one gives.
    body = semantic if isinstance(semantic, list) else [semantic]
    uncut = {**expect, "downstream": {**(expect["downstream"] or {"headers": []}), "body": body}}
    yield uncut
    if main:
        yield {**uncut, **main}


def _apply(patch: Patch, expected: Expected) -> None:
    """Patch in place. Where the path leads nowhere nothing happens: a rule covers exchanges of several shapes."""
    node: Any = expected
    for index, step in enumerate(patch.path):
        rest = patch.path[index + 1 :]
        if not isinstance(node, dict):
            return
        if step == "headers" and rest:
            if node.get("headers") is not None:
                node["headers"] = _patch_headers(patch, ".".join(rest), node["headers"])
            return
        if step == "body" and node.get("body") is not None and (rest or patch.op in ("append_event", "drop_events")):
            _patch_body(patch, rest, node)
            return
        if not rest:
            _change(patch, node, step)
            return
        node = node.get(step)
        if isinstance(node, list) and rest[0].isdigit() and int(rest[0]) < len(node):
            if not rest[1:] and patch.op == "remove":
                del node[int(rest[0])]
                return
            node = {rest[0]: node[int(rest[0])]}  # a call-out, which is changed in place


def _patch_headers(patch: Patch, name: str, headers: list[list[str]]) -> list[list[str]]:
    kept = [pair for pair in headers if pair[0].lower() != name.lower()]
    return [*kept, [name, patch.value]] if patch.op == "set" else kept


def _patch_body(patch: Patch, rest: tuple[str, ...], message: dict[str, Any]) -> None:
    body = bodies.parse(bodies.join(message["body"]), event_stream=bodies.is_event_stream(message.get("headers")))
    match body:
        case SseBody(events):
            body.events = _patch_events(patch, rest, events)
        case JsonBody(value) if patch.op not in ("append_event", "drop_events"):
            _descend(patch, rest, value)
        case _:
            return
    chunk = bodies.unparse(body)
    message["body"] = [chunk] if isinstance(message["body"], list) else chunk


def _patch_events(patch: Patch, rest: tuple[str, ...], events: list[SseEvent]) -> list[SseEvent]:
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
