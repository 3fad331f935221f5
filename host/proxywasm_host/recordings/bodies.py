"""Parse bodies into JSON documents and server-sent events, to compare them without white space and chunk boundaries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from proxywasm import SSEDecoder, encode_event

from .exchange import JsonChunk, chunk_from_json, chunk_to_json


@dataclass(slots=True)
class JsonBody:
    value: Any


@dataclass(slots=True)
class SseEvent:
    """`data` is a parsed document, or the text if that is not JSON (`[DONE]`)."""

    event: str
    data: Any


@dataclass(slots=True)
class SseBody:
    events: list[SseEvent]


@dataclass(slots=True)
class RawBody:
    data: bytes


Body: TypeAlias = JsonBody | SseBody | RawBody

_FIRST_LINE_OF_SSE = re.compile(rb"\s*(?:data|event|id|retry)?:")


def join(chunks: JsonChunk | Iterable[JsonChunk]) -> bytes:
    """The bytes of a body as a file or a result has it, in one piece or in chunks."""
    if isinstance(chunks, str | dict):
        return chunk_from_json(chunks)
    return b"".join(chunk_from_json(chunk) for chunk in chunks)


def is_event_stream(headers: Iterable[Iterable[str]] | None) -> bool:
    return any(name.lower() == "content-type" and "text/event-stream" in value for name, value in headers or ())


def parse(data: bytes, *, event_stream: bool = False) -> Body:
    """Parse a body. `event_stream`: the content type is that of events, which an empty body cannot show."""
    try:
        # Without the text first, `json` would take bytes with NULs for UTF-16.
        return JsonBody(json.loads(data.decode()))
    except (ValueError, RecursionError):  # the latter: nested too deeply to be parsed
        pass
    if event_stream or _FIRST_LINE_OF_SSE.match(data):
        return SseBody([SseEvent(event, _data(text)) for text, event in parse_events(data)])
    return RawBody(data)


def parse_events(data: bytes) -> list[tuple[str, str]]:
    """Data and name of each event."""
    decoder = SSEDecoder()
    return [(event.data, event.event) for event in [*decoder.feed(data), *decoder.close()]]


def unparse(body: Body) -> JsonChunk:
    match body:
        case JsonBody(value):
            return json.dumps(value, ensure_ascii=False)
        case SseBody(events):
            return b"".join(encode_event(compact(event.data), event.event) for event in events).decode()
        case RawBody(data):
            return chunk_to_json(data)


def compact(value: object) -> str:
    """A value in one line: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _data(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
