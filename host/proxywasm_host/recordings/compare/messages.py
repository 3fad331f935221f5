"""Compare messages: headers, bodies, and signatures over both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from .. import bodies
from .difference import MISSING, Difference
from .generated import Generated
from .values import compare_bodies


def compare_messages(path: str, expected: Any, got: Any, made: Generated) -> Iterator[Difference]:
    if expected is MISSING or got is MISSING:
        yield Difference(path, expected, got)
        return
    wanted, found = expected["headers"], got["headers"]
    if bodies.join(expected["body"]) != bodies.join(got["body"]):
        # A signature covers the body byte for byte. Where the body is only the same as a value, it has to differ.
        wanted, found = _unsigned(wanted), _unsigned(found)
    yield from _headers(f"{path}.headers", wanted, found, made)
    yield from compare_bodies(f"{path}.body", expected, got, made)
    for key in sorted((expected.keys() | got.keys()) - {"headers", "body"}):
        if expected.get(key, MISSING) != got.get(key, MISSING):
            yield Difference(f"{path}.{key}", expected.get(key, MISSING), got.get(key, MISSING))


def compare_replies(expected: Any, got: Any, made: Generated) -> Iterator[Difference]:
    if len(_typed(expected)) != len(_typed(got)):
        # Envoy gives a reply without a type that of plain text.
        expected, got = ({**reply, "headers": _without_plain_type(reply["headers"])} for reply in (expected, got))
    plain = any(
        name.lower() == "content-type" and value.startswith("text/plain") for name, value in expected["headers"]
    )
    if plain:
        # The text after the first colon often quotes an error of Go's JSON decoder.
        expected, got = ({**reply, "body": _before_colon(reply["body"])} for reply in (expected, got))
    yield from compare_messages("local_reply", expected, got, made)


def _typed(reply: Any) -> list[Any]:
    return [value for name, value in reply["headers"] if name.lower() == "content-type"]


def _without_plain_type(headers: Any) -> list[Any]:
    return [pair for pair in headers if [pair[0].lower(), pair[1]] != ["content-type", "text/plain"]]


def _before_colon(body: Any) -> str:
    return bodies.join(body).decode(errors="replace").partition(":")[0]


def _headers(
    path: str, expected: Iterable[Sequence[str]], got: Iterable[Sequence[str]], made: Generated
) -> Iterator[Difference]:
    wanted, found = _by_name(expected), _by_name(got)
    for name in sorted(wanted.keys() | found.keys()):
        one, other = wanted.get(name, []), found.get(name, [])
        same = len(one) == len(other) and all(map(partial(made.alike, name), sorted(one), sorted(other)))
        if sorted(one) != sorted(other) and not same:
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
