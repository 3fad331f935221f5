"""Compare bodies as values, without white space and chunk boundaries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from .. import bodies
from ..bodies import Body, JsonBody, RawBody, SseBody, SseEvent
from .difference import MISSING, Difference
from .generated import Generated


def compare_bodies(
    path: str, expected: Mapping[str, Any], got: Mapping[str, Any], made: Generated
) -> Iterator[Difference]:
    one, other = bodies.join(expected["body"]), bodies.join(got["body"])
    sse = bodies.is_event_stream(expected["headers"])
    if one != other:
        yield from _bodies(path, _parsed(one, sse), _parsed(other, sse), made)
    if sse and other and _held_back(expected["body"], got["body"]):
        yield Difference(path, "events passed on as they are complete", "everything held back until the end")


def _parsed(data: bytes, event_stream: bool) -> Body:
    body = bodies.parse(data, event_stream=event_stream)
    # Lines that are no events would be the same as nothing.
    return RawBody(data) if isinstance(body, SseBody) and not body.events and data.strip() else body


def _bodies(path: str, wanted: Body, found: Body, made: Generated) -> Iterator[Difference]:
    match wanted, found:
        case JsonBody(one), JsonBody(other):
            yield from _json(path, one, other, made)
        case SseBody(events), SseBody(others):
            yield from _events(path, events, others, made)
        case RawBody(data), RawBody(another):
            if not made.alike("", data.decode(errors="surrogateescape"), another.decode(errors="surrogateescape")):
                yield Difference(path, data, another)
        case _:
            yield Difference(path, bodies.unparse(wanted), bodies.unparse(found))


def _events(path: str, expected: list[SseEvent], got: list[SseEvent], made: Generated) -> Iterator[Difference]:
    """Compare event by event. After a missing or additional event, the rest is still aligned."""
    wanted, found = [_fingerprint(event) for event in expected], [_fingerprint(event) for event in got]
    matcher = SequenceMatcher(None, wanted, found, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag != "equal":
            pairs = zip_longest(expected[start:end], got[other_start:other_end])
            for index, (event, another) in enumerate(pairs):
                yield from _event(f"{path}[event {start + index}]", event, another, made)


def _event(path: str, expected: SseEvent | None, got: SseEvent | None, made: Generated) -> Iterator[Difference]:
    if expected is None or got is None or not _comparable(expected.data, got.data):
        yield Difference(path, expected.data if expected else MISSING, got.data if got else MISSING)
        return
    if expected.event != got.event:
        yield Difference(f"{path}.event", expected.event, got.event)
    yield from _json(path, expected.data, got.data, made)


def _fingerprint(event: SseEvent) -> str:
    return json.dumps([event.event, event.data], sort_keys=True)


def _comparable(expected: Any, got: Any) -> bool:
    """Whether two events are of one kind; otherwise a list of all their keys says less than both in full."""
    if not isinstance(expected, dict) or not isinstance(got, dict):
        return bool(expected == got)
    return len(expected.keys() & got.keys()) * 2 >= len(expected.keys() | got.keys())


def _held_back(expected: Any, got: Any) -> bool:
    """Whether the client got nothing before the last chunk although events were complete earlier."""
    if not isinstance(expected, list) or not isinstance(got, list) or len(expected) != len(got):
        return False
    return any(expected[:-1]) and not any(got[:-1])


def _json(path: str, expected: Any, got: Any, made: Generated) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in [*expected, *(key for key in got if key not in expected)]:
            one, other = expected.get(key, MISSING), got.get(key, MISSING)
            if isinstance(one, dict | list) or not made.alike(key, one, other):
                yield from _json(f"{path}.{key}", one, other, made)
    elif isinstance(expected, list) and isinstance(got, list):
        for index, (one, other) in enumerate(zip_longest(expected, got, fillvalue=MISSING)):
            yield from _json(f"{path}.{index}", one, other, made)
    # In Python `True == 1`; in JSON it is not.
    elif isinstance(expected, bool) or isinstance(got, bool):
        if expected is not got:
            yield Difference(path, expected, got)
    elif expected != got and not made.alike("", expected, got):
        yield Difference(path, expected, got)
