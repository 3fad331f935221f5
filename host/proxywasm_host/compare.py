"""Compare the result of a replay with what was recorded, by the rules of `tests/conformance/README.md`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Final, Literal, TypeAlias

from proxywasm.replies import PLUGIN_FAILED

from . import bodies
from .bodies import Body, JsonBody, RawBody, SseBody, SseEvent
from .exchange import Exchange
from .overrides import NO_OVERRIDES, Overrides, RuleFailed

Result: TypeAlias = Mapping[str, Any]

PARTS: Final = ("upstream", "downstream", "local_reply", "callouts")


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()
"""Stands for what is not there, where null would be a value."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` leads into the result; `expected` or `got` is `MISSING` where one side has nothing."""

    path: str
    expected: object
    got: object

    def __str__(self) -> str:
        return f"{self.path}\n  expected {show(self.expected)}\n  got      {show(self.got)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison came to. `overrides` names the deliberate differences that were expected instead."""

    status: Literal["same", "different", "known bug of the original", "nothing expected"]
    differences: tuple[Difference, ...] = ()
    overrides: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.differences


def judge(result: Result, exchange: Exchange, overrides: Overrides = NO_OVERRIDES) -> Verdict:
    """Compare a result with the expectations of its exchange."""
    found = list(_own_failure(result))
    try:
        applied = overrides.apply(exchange)
    except RuleFailed as failed:
        return Verdict("different", (*found, Difference("overrides", "rules that can be computed", str(failed))))
    if applied is None:
        known = bool(exchange.raw.get("known_bug"))
        status: Literal["known bug of the original", "nothing expected"] = (
            "known bug of the original" if known else "nothing expected"
        )
        return Verdict("different", tuple(found)) if found else Verdict(status)
    found += _best(result, applied.candidates, _volatile(exchange))
    return Verdict("different" if found else "same", tuple(found), applied.names)


def differences(result: Result, exchange: Exchange, overrides: Overrides = NO_OVERRIDES) -> list[Difference]:
    """Where a result is not what its exchange expects; nothing for a known bug of the original."""
    return list(judge(result, exchange, overrides).differences)


def _own_failure(result: Result) -> Iterator[Difference]:
    """No recording excuses a plugin that raises, or an instance that traps."""
    if "crash" in result:
        yield Difference("crash", MISSING, result["crash"])
    if (result.get("local_reply") or {}).get("details") == PLUGIN_FAILED:
        logs = "\n".join(result.get("logs", []))
        yield Difference("local_reply", "a plugin that does not raise", logs or PLUGIN_FAILED)


def _best(result: Result, candidates: Sequence[Result], made_up: _MadeUp) -> list[Difference]:
    """Each part of the result may be like that part of any candidate that starts in the same way."""
    alike = [candidate for candidate in candidates if candidate.get("start", "ok") == result["start"]]
    if not alike:
        got = result["start"] if result["start"] == "ok" else f"failed: {result.get('error')}"
        return [Difference("start", candidates[0].get("start", "ok"), got)]
    if result["start"] == "failed":
        return []
    found: list[Difference] = []
    for part in PARTS:
        attempts = [list(_part(part, candidate.get(part), result.get(part), made_up)) for candidate in alike]
        attempts.sort(key=len)
        found += attempts[0]
    return found


def _part(part: str, expected: Any, got: Any, made_up: _MadeUp) -> Iterator[Difference]:
    if part == "callouts":
        for index, (one, other) in enumerate(zip_longest(expected or [], got or [], fillvalue=MISSING)):
            yield from _message(f"callouts.{index}", one, other, made_up)
    elif expected is None or got is None:
        if expected is not got:
            yield Difference(part, expected, got)
    elif part == "local_reply":
        yield from _local_reply(expected, got, made_up)
    else:
        yield from _message(part, expected, got, made_up)


def _message(path: str, expected: Any, got: Any, made_up: _MadeUp) -> Iterator[Difference]:
    if expected is MISSING or got is MISSING:
        yield Difference(path, expected, got)
        return
    wanted, found = expected["headers"], got["headers"]
    if bodies.join(expected["body"]) != bodies.join(got["body"]):
        # A signature covers the body byte for byte. Where the body is only the same as a value, it has to differ.
        wanted, found = _unsigned(wanted), _unsigned(found)
    yield from _headers(f"{path}.headers", wanted, found)
    yield from _body(f"{path}.body", expected, got, made_up)
    for key in sorted((expected.keys() | got.keys()) - {"headers", "body"}):
        if expected.get(key, MISSING) != got.get(key, MISSING):
            yield Difference(f"{path}.{key}", expected.get(key, MISSING), got.get(key, MISSING))


def _local_reply(expected: Any, got: Any, made_up: _MadeUp) -> Iterator[Difference]:
    plain = any(
        name.lower() == "content-type" and value.startswith("text/plain") for name, value in expected["headers"]
    )
    if plain:
        # The text after the first colon often quotes an error of Go's JSON decoder.
        expected, got = ({**reply, "body": _before_colon(reply["body"])} for reply in (expected, got))
    yield from _message("local_reply", expected, got, made_up)


def _before_colon(body: Any) -> str:
    return bodies.join(body).decode(errors="replace").partition(":")[0]


# Headers.


def _headers(path: str, expected: Iterable[Sequence[str]], got: Iterable[Sequence[str]]) -> Iterator[Difference]:
    wanted, found = _by_name(expected), _by_name(got)
    for name in sorted(wanted.keys() | found.keys()):
        one, other = wanted.get(name, []), found.get(name, [])
        if sorted(one) != sorted(other):
            yield Difference(f"{path}.{name}", _values(one), _values(other))


_SIGNATURE = re.compile(r"\bSignature=[0-9a-f]{64}\b")


def _unsigned(fields: Iterable[Sequence[str]]) -> list[list[str]]:
    """Without the signatures of AWS and Tencent Cloud."""
    return [[name, _SIGNATURE.sub("Signature=", value)] for name, value in fields]


def _by_name(fields: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, value in fields:
        names.setdefault(name.lower(), []).append(value)
    return names


def _values(values: list[str]) -> object:
    return values[0] if len(values) == 1 else values or MISSING


# Bodies.


def _body(path: str, expected: Mapping[str, Any], got: Mapping[str, Any], made_up: _MadeUp) -> Iterator[Difference]:
    one, other = bodies.join(expected["body"]), bodies.join(got["body"])
    sse = bodies.is_event_stream(expected["headers"])
    if one != other:
        yield from _bodies(path, bodies.parse(one, event_stream=sse), bodies.parse(other, event_stream=sse), made_up)
    if sse and other and _held_back(expected["body"], got["body"]):
        yield Difference(path, "events passed on as they are complete", "everything held back until the end")


def _bodies(path: str, wanted: Body, found: Body, made_up: _MadeUp) -> Iterator[Difference]:
    match wanted, found:
        case JsonBody(one), JsonBody(other):
            yield from _json(path, one, other, made_up)
        case SseBody(events), SseBody(others):
            yield from _events(path, events, others, made_up)
        case RawBody(data), RawBody(another):
            yield Difference(path, data, another)
        case _:
            yield Difference(path, bodies.unparse(wanted), bodies.unparse(found))


def _events(path: str, expected: list[SseEvent], got: list[SseEvent], made_up: _MadeUp) -> Iterator[Difference]:
    """Event by event; one that is missing or too much does not shift the rest against each other."""
    wanted, found = [_fingerprint(event) for event in expected], [_fingerprint(event) for event in got]
    matcher = SequenceMatcher(None, wanted, found, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag != "equal":
            pairs = zip_longest(expected[start:end], got[other_start:other_end])
            for index, (event, another) in enumerate(pairs):
                yield from _event(f"{path}[event {start + index}]", event, another, made_up)


def _event(path: str, expected: SseEvent | None, got: SseEvent | None, made_up: _MadeUp) -> Iterator[Difference]:
    if expected is None or got is None or not _comparable(expected.data, got.data):
        yield Difference(path, expected.data if expected else MISSING, got.data if got else MISSING)
        return
    if expected.event != got.event:
        yield Difference(f"{path}.event", expected.event, got.event)
    yield from _json(path, expected.data, got.data, made_up)


def _fingerprint(event: SseEvent) -> str:
    return json.dumps([event.event, event.data], sort_keys=True)


def _comparable(expected: Any, got: Any) -> bool:
    """Whether two events are of one kind; otherwise a list of all their keys says less than both in full."""
    if not isinstance(expected, dict) or not isinstance(got, dict):
        return bool(expected == got)
    return len(expected.keys() & got.keys()) * 2 >= len(expected.keys() | got.keys())


def _held_back(expected: Any, got: Any) -> bool:
    """Whether nothing came before the last chunk although something could."""
    if not isinstance(expected, list) or not isinstance(got, list) or len(expected) != len(got):
        return False
    return any(expected[:-1]) and not any(got[:-1])


def _json(path: str, expected: Any, got: Any, made_up: _MadeUp) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in [*expected, *(key for key in got if key not in expected)]:
            one, other = expected.get(key, MISSING), got.get(key, MISSING)
            if not (key == "id" and made_up.alike(one, other)):
                yield from _json(f"{path}.{key}", one, other, made_up)
    elif isinstance(expected, list) and isinstance(got, list):
        for index, (one, other) in enumerate(zip_longest(expected, got, fillvalue=MISSING)):
            yield from _json(f"{path}.{index}", one, other, made_up)
    # In Python `True == 1`; in JSON it is not.
    elif isinstance(expected, bool) or isinstance(got, bool):
        if expected is not got:
            yield Difference(path, expected, got)
    elif expected != got:
        yield Difference(path, expected, got)


# Ids that the plugin makes up.

_UUID = re.compile(r"(?P<prefix>\w*[-_])?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class _MadeUp:
    """Tells UUIDs that nobody gave from those that client or upstream sent, which must come out as they went in."""

    given: str

    def alike(self, expected: object, got: object) -> bool:
        if not isinstance(expected, str) or not isinstance(got, str) or expected in self.given:
            return False
        one, other = _UUID.fullmatch(expected), _UUID.fullmatch(got)
        return one is not None and other is not None and one["prefix"] == other["prefix"]


def _volatile(exchange: Exchange) -> _MadeUp:
    keys = ("request", "response", "callouts", "before")
    return _MadeUp(json.dumps([exchange.raw.get(key) for key in keys], ensure_ascii=False))


def show(value: object) -> str:
    """One side of a difference, for people."""
    if isinstance(value, bytes):
        return repr(value)
    if value is MISSING:
        return "nothing"
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) or "\n" not in value else value
