"""What was recorded, and what a replay has made of it: the messages of an exchange, and when each chunk came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from ....recordings.exchange import Exchange, Message, chunk_from_json, chunk_to_json

_LONGEST: Final = 64 * 2**10
"""Bytes of a chunk that are shown."""
_MOST: Final = 2_000
"""Chunks of a message, and rows of a timeline."""

Json = dict[str, Any]


def side(exchange: Exchange, result: Mapping[str, Any]) -> Json:
    """`result`: of the recording or of a replay, as exchange files have it."""
    downstream = result.get("downstream")
    return {
        "request": _message(exchange.request),
        "callouts": [*_callouts(exchange, result.get("callouts") or ())],
        "upstream": _sent(result.get("upstream")),
        "response": None if exchange.response is None else _message(exchange.response),
        "client": _sent(downstream),
        "local_reply": _reply(result.get("local_reply")),
        "given_up": [_sent(each) for each in result.get("given_up") or ()],
        "timeline": _timeline(exchange, result),
        "error": result.get("error"),
    }


def _timeline(exchange: Exchange, result: Mapping[str, Any]) -> list[Json]:
    """A row for the headers and each chunk of what came, and beside it what left the plugins because of it.

    What went upstream is known as a whole, so it is beside the last part of the client's request.
    """
    upstream, downstream = result.get("upstream"), result.get("downstream")
    rows = [*_request(exchange.request, upstream)]
    if (response := exchange.response) is not None:
        times = _times(response)
        got = [] if downstream is None else _bodies(downstream["body"])
        rows.append(_row(times[0], "response headers", _fields(response.headers), _fields(downstream), 0))
        for when, chunk, made in zip_longest(times[1:], response.body, got):
            rows.append(_row(when, "response body", _chunk(chunk), _chunk(made), len(chunk or b"")))
    return rows[:_MOST]


def _request(request: Message, upstream: Mapping[str, Any] | None) -> Iterator[Json]:
    times = _times(request)
    yield _row(times[0], "request headers", _fields(upstream), _fields(request.headers), 0)
    sent = [] if upstream is None else [chunk for chunk in _bodies(upstream["body"]) if chunk]
    chunks = request.body or ((b"",) if sent else ())
    for place, (when, chunk) in enumerate(zip_longest(times[1:], chunks)):
        went = b"".join(sent) if place == len(chunks) - 1 and sent else None
        yield _row(when, "request body", _chunk(went), _chunk(chunk), len(chunk or b""))


def _times(message: Message) -> Sequence[int | None]:
    return message.times_ms or (None,) * (len(message.body) + 1)


def _row(when: int | None, what: str, upstream: Json | None, client: Json | None, size: int) -> Json:
    return {"at_ms": when, "what": what, "bytes": size, "upstream": upstream, "client": client}


def _fields(part: Any) -> Json | None:
    """Headers as text. `part`: pairs, or a message with them."""
    pairs = part["headers"] if isinstance(part, Mapping) else part
    return None if pairs is None else _chunk("".join(f"{name}: {value}\n" for name, value in pairs).encode())


def _message(message: Message) -> Json:
    return {
        "headers": [list(pair) for pair in message.headers],
        "body": [_chunk(chunk) for chunk in message.body[:_MOST]],
        "times_ms": list(message.times_ms[: _MOST + 1]) or None,
        "complete": not message.unfinished,
    }


def _sent(part: Mapping[str, Any] | None) -> Json | None:
    """A message that has left the plugins."""
    if part is None:
        return None
    body = _bodies(part["body"])
    return {
        "headers": part["headers"],
        "body": [_chunk(chunk) for chunk in body[:_MOST] if chunk],
        "times_ms": None,
        "complete": not part.get("reset", False),
    }


def _reply(part: Mapping[str, Any] | None) -> Json | None:
    return None if part is None else {**part, "body": _chunk(chunk_from_json(part["body"]))}


def _callouts(exchange: Exchange, calls: Sequence[Mapping[str, Any]]) -> Any:
    for call, answer in zip_longest(calls, exchange.callouts[: len(calls)]):
        response = None if answer is None or answer.response is None else _message(answer.response)
        yield {"cluster": call["cluster"], "request": _sent(call), "response": response}


def _bodies(body: Any) -> list[bytes]:
    return [chunk_from_json(chunk) for chunk in (body if isinstance(body, list) else [body])]


def _chunk(data: bytes | None) -> Json | None:
    if data is None:
        return None
    found = chunk_to_json(data[:_LONGEST])
    if not isinstance(found, dict):
        found = {"text": found}
    return {**found, "cut": True} if len(data) > _LONGEST else found
