"""Exchanges that nobody meant: recorded ones, with something hostile in place of a part that an outsider writes.

Outsiders are the client, the service, and what the plugin calls. The configuration is the operator's, and stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final

from tests.fuzz import credentials

from proxywasm.wire import Fields
from proxywasm_host.recordings import bodies
from proxywasm_host.recordings.exchange import CallOut, Exchange, Message

TEXTS: Final = (
    "", " ", "\ud83d", "\udc00x", "\ufeff", "\u2028", "\x00", "\r\nx-injected: 1", "\x1b[2J", "é", "你好😀", '"',
    "\\", "\\u", ".", "..", "../../admin", "%2e%2e%2fadmin", "a/../b", "..\\b", "?key=x", "#x", "a b",
    "//evil.example/x", "%00", "%", "http://169.254.169.254/", "http://[::ffff:127.0.0.1]/",
    "http://2130706433./x", "data:image/png;base64,AAAA", "data:,", "[DONE]", "data: x\n\n", "event: error",
    "</think>", "<think>", "null", "NaN", "Infinity", "-1", "1e999", "x" * 5000, "9" * 5000, "<" * 3000, "$ref",
    "__class__", "{}", "[", "text/event-stream", "multipart/form-data; boundary=x", "gzip",
)  # fmt: skip
NUMBERS: Final = (0, -1, 1, 0.5, -0.0, 2**31, 2**32, 2**53 + 1, 2**63, -(2**64), 10**40, 1e308, 5e-324)
OTHERS: Final[Sequence[Any]] = (None, True, False, [], {}, [[]], [None], {"": None}, {"type": None}, [{"type": "text"}])
WRITTEN: Final = (
    b"1e999",
    b"-1e999",
    b"1" * 5000,
    b'"\\ud800"',
    b'"\\u0000"',
    b"[" * 300,
    b'{"a":' * 300,
    b"1.",
    b"tru",
)
"""What no document says when it is written by a library."""
STATUSES: Final = (
    "100",
    "199",
    "200",
    "204",
    "206",
    "301",
    "304",
    "400",
    "401",
    "404",
    "418",
    "429",
    "500",
    "529",
    "599",
    "600",
    "999",
)
HEADERS: Final = (
    "accept", "accept-encoding", "anthropic-beta", "anthropic-version", "authorization", "content-encoding",
    "content-type", "cookie", "etag", "location", "openai-beta", "range", "retry-after", "server", "set-cookie",
    "traceparent", "transfer-encoding", "vary", "x-api-key", "x-goog-api-key", "x-request-id",
    "x-ratelimit-reset-tokens",
)  # fmt: skip
_FIELD_TEXTS: Final = tuple(text for text in TEXTS if text.isprintable())
"""No server hands control characters on."""


def mutated(exchange: Exchange, random: Random) -> Exchange:
    """Between one and four things are different, and mostly the service repeats a credential."""
    exchange = credentials.armed(exchange, random)
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        exchange = random.choice(_PLACES)(exchange, random)
    return credentials.repeating(exchange, random) if random.random() < 0.5 else exchange


def _request(exchange: Exchange, random: Random) -> Exchange:
    return replace(exchange, request=_message(exchange.request, random))


def _response(exchange: Exchange, random: Random) -> Exchange:
    return replace(exchange, response=exchange.response and _message(exchange.response, random))


def _path(exchange: Exchange, random: Random) -> Exchange:
    """Other text in a segment or in the query."""

    def change(value: str) -> str:
        parts = value.split("/")
        parts[random.randrange(1, len(parts)) if len(parts) > 1 else 0] = random.choice(_FIELD_TEXTS).replace(" ", "+")
        return "/".join(parts)

    headers = [(name, change(value) if name == ":path" else value) for name, value in exchange.request.headers]
    return replace(exchange, request=replace(exchange.request, headers=headers))


def _model(exchange: Exchange, random: Random) -> Exchange:
    """A model's name becomes a part of paths."""
    body = bodies.parse(b"".join(exchange.request.body))
    if not isinstance(body, bodies.JsonBody) or not isinstance(body.value, dict):
        return _path(exchange, random)
    model = random.choice(TEXTS) if random.random() < 0.5 else str(body.value.get("model")) + random.choice(TEXTS)
    data = json.dumps(body.value | {"model": model}).replace("Infinity", "1e999").encode()
    headers = [
        (name, str(len(data)) if name == "content-length" else value) for name, value in exchange.request.headers
    ]
    return replace(exchange, request=Message(headers, (data,)))


def _callout(exchange: Exchange, random: Random) -> Exchange:
    if not exchange.callouts:
        return _request(exchange, random)
    answers = list(exchange.callouts)
    at = random.randrange(len(answers))
    answer = answers[at]
    response = None if random.random() < 0.2 else answer.response and _message(answer.response, random)
    answers[at] = CallOut(answer.cluster, answer.path, response)
    return replace(exchange, callouts=tuple(answers))


_PLACES: Final[Sequence[Callable[[Exchange, Random], Exchange]]] = (
    _request, _request, _request, _response, _response, _response, _path, _model, _callout,
)  # fmt: skip


def _message(message: Message, random: Random) -> Message:
    kind = random.random()
    if kind < 0.2 or not message.body:
        return replace(message, headers=_fields(message.headers, random))
    data = b"".join(message.body)
    changed = _bytes(data, random) if kind < 0.35 else _structure(data, message.headers, random)
    headers = [(name, str(len(changed)) if name == "content-length" else value) for name, value in message.headers]
    return Message(headers, tuple(_pieces(changed, random)))


def _fields(fields: Fields, random: Random) -> Fields:
    result = list(fields)
    places = [at for at, (name, _) in enumerate(result) if name[:1] != ":" and name != "content-length"]
    kind = random.random()
    if any(name == ":status" for name, _ in result) and kind < 0.4:
        status = random.choice(STATUSES)
        return [(name, status if name == ":status" else value) for name, value in result]
    if places and kind < 0.6:
        at = random.choice(places)
        result[at] = (result[at][0], random.choice(_FIELD_TEXTS))
    elif places and kind < 0.75:
        del result[random.choice(places)]
    else:
        result.append((random.choice(HEADERS), random.choice(_FIELD_TEXTS)))
    return result


def _bytes(data: bytes, random: Random) -> bytes:
    """No structure in mind: something cut out, doubled, or put in."""
    start, end = sorted((random.randint(0, len(data)), random.randint(0, len(data))))
    match random.randrange(4):
        case 0:
            return data[:start] + data[end:]
        case 1:
            return data[:end] + data[start:]
        case 2:
            return data[:start] + random.choice(WRITTEN) + data[start:]
        case _:
            return data[:start] + random.choice(TEXTS).encode(errors="replace") + random.randbytes(3) + data[start:]


def _structure(data: bytes, fields: Fields, random: Random) -> bytes:
    match bodies.parse(data, event_stream=bodies.is_event_stream(fields)):
        case bodies.JsonBody(document):
            return _written(_document(document, random), random)
        case bodies.SseBody(events) if events:
            at = random.randrange(len(events))
            match random.randrange(6):
                case 0:
                    del events[at]
                case 1:
                    events.insert(at, events[random.randrange(len(events))])
                case 2:
                    events[at].event = random.choice(TEXTS)
                case _:
                    events[at].data = _document(events[at].data, random)
            return b"".join(map(_event, events))
        case _:
            return _bytes(data, random)


def _event(event: bodies.SseEvent) -> bytes:
    data = event.data if isinstance(event.data, str) else json.dumps(event.data).replace("Infinity", "1e999")
    return (f"event: {event.event}\n" * bool(event.event) + f"data: {data}\n\n").encode(errors="replace")


def _document(document: Any, random: Random) -> Any:
    """Something else at some place of a document."""
    if not isinstance(document, dict | list) or not document or random.random() < 0.25:
        return _odd(document, random)
    keys = list(document) if isinstance(document, dict) else range(len(document))
    key = random.choice(list(keys))
    result: Any = dict(document) if isinstance(document, dict) else list(document)
    kind = random.random()
    if kind < 0.05:
        del result[key]
    elif kind < 0.1 and isinstance(result, list):
        result.insert(key, result[random.randrange(len(result))])
    elif kind < 0.1:
        result[random.choice(TEXTS)] = result[key]
    else:
        result[key] = _document(result[key], random)
    return result


def _odd(value: Any, random: Random) -> Any:
    kind = random.random()
    if isinstance(value, str) and kind < 0.4:
        at = random.randint(0, len(value))
        return value[:at] + random.choice(TEXTS) + value[at:]
    if kind < 0.55:
        return random.choice(TEXTS)
    if kind < 0.7:
        return random.choice(NUMBERS)
    if kind < 0.85:
        return random.choice(OTHERS)
    if kind < 0.93:
        return [value] if random.random() < 0.5 else {"x": value}
    for _ in range(random.choice((3, 100, 400))):
        value = [value]
    return value


def _written(document: Any, random: Random) -> bytes:
    """As JSON, at times with a value that no library writes."""
    if random.random() < 0.1:
        marker = "\u0001marker"
        text = json.dumps(_replaced(document, marker, random))
        return text.encode().replace(json.dumps(marker).encode(), random.choice(WRITTEN))
    # One that has been mutated before may hold what `1e999` was read as.
    return json.dumps(document).replace("Infinity", "1e999").encode()


def _replaced(document: Any, value: Any, random: Random) -> Any:
    if not isinstance(document, dict | list) or not document:
        return value
    result: Any = dict(document) if isinstance(document, dict) else list(document)
    key = random.choice(list(result)) if isinstance(result, dict) else random.randrange(len(result))
    result[key] = _replaced(result[key], value, random)
    return result


def _pieces(data: bytes, random: Random) -> list[bytes]:
    cuts = sorted(random.randint(0, len(data)) for _ in range(random.choice((0, 0, 1, 3, 10))))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
