"""From the files of two taps to a recording."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from proxywasm.connection_headers import CONNECTION_HEADERS
from proxywasm.wire import Fields

from ...recordings.exchange import Exchange, Message, chunk_to_json, time_text

_OWN: Final = (CONNECTION_HEADERS - {"content-length"}) | {"x-envoy-upstream-service-time"}
"""Headers that Envoy adds, or that concern one connection."""


@dataclass
class Half:
    fields: Fields | None = None
    chunks: list[bytes] = field(default_factory=list)

    def message(self, *, unfinished: bool = False) -> Message | None:
        return None if self.fields is None else Message(self.fields, tuple(self.chunks), unfinished=unfinished)


@dataclass
class Trace:
    """What one tap has seen of a stream."""

    request: Half = field(default_factory=Half)
    response: Half = field(default_factory=Half)


@dataclass(frozen=True, slots=True)
class Line:
    """What Envoy says of a stream that has ended."""

    id: str
    start_ns: int
    route: str
    cluster: str
    flags: str
    details: str

    @classmethod
    def of(cls, text: str) -> Line:
        values = json.loads(text)
        seconds, _, below = str(values["start"]).partition(".")
        names = {name: str(values.get(name) or "-") for name in ("id", "route", "cluster", "flags", "details")}
        return cls(start_ns=int(seconds) * 10**9 + int(below.ljust(9, "0")), **names)

    @property
    def of_plugin(self) -> bool:
        """A plugin has answered. What Envoy answers itself has flags, or is a refusal."""
        return self.flags == "-" and self.details != "via_upstream" and not self.details.startswith("rbac_")

    @property
    def cut(self) -> bool:
        """The stream ended before its end."""
        return self.flags != "-" and not self.details.startswith("upstream_reset_before_response_started")


def read_trace(file: Path, most: int | None = None) -> Trace:
    """Raises `ValueError` for a file that is not complete. With `most`, the beginning is enough."""
    text = file.read_text(errors="surrogateescape") if most is None else _beginning(file, most)
    decoder, trace, at = json.JSONDecoder(), Trace(), 0
    while (at := _skip_space(text, at)) < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except ValueError:
            if most is None:
                raise
            break
        _add(trace, document["http_streamed_trace_segment"])
    return trace


def _beginning(file: Path, most: int) -> str:
    with file.open(errors="surrogateescape") as opened:
        return opened.read(most)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \n\r\t\0":
        at += 1
    return at


def _add(trace: Trace, segment: dict[str, Any]) -> None:
    for half, name in ((trace.request, "request"), (trace.response, "response")):
        if (headers := segment.get(f"{name}_headers")) is not None:
            half.fields, half.chunks = _fields(headers["headers"]), []  # a reply takes the place of a response
        if (chunk := segment.get(f"{name}_body_chunk")) is not None:
            half.chunks.append(base64.b64decode(chunk.get("as_bytes", "")))


def _fields(headers: Sequence[dict[str, str]]) -> Fields:
    fields = []
    for header in headers:
        name, value = header["key"].lower(), header.get("value", "")
        if not value and header.get("raw_value"):
            value = base64.b64decode(header["raw_value"]).decode(errors="surrogateescape")
        if name not in _OWN:
            fields.append((name, value))
    return fields


def exchange_of(
    front: Trace, back: Trace, line: Line, *, names: Sequence[str], configs: Sequence[str], largest: int
) -> Exchange | str:
    """The recording, or why there is none."""
    request = front.request.message(unfinished=line.cut and front.response.fields is None)
    assert request is not None, "a trace begins with the request"
    values = dict(request.headers)
    title = f"{values.get(':method', '')} {values.get(':path', '').partition('?')[0]}"
    if dict(front.response.fields or ()).get(":status") == "101":
        return f"{title}: the connection changes to another protocol, such as WebSocket"
    sizes = [sum(map(len, half.chunks)) for half in (front.request, back.response)]
    if sizes[0] > largest:
        return f"{title}: the request is larger than {largest:,} bytes"
    if sum(sizes) > largest:
        return f"{title}: the exchange is larger than {largest:,} bytes"
    response = None if line.of_plugin and back.request.fields is None else back.response.message(unfinished=line.cut)
    if response is not None and not line.of_plugin and not line.cut and line.details != "via_upstream":
        response = replace(response, details=line.details)
    properties = {"route_name": line.route, "cluster_name": line.cluster}
    return Exchange(
        name=f"{title} {time_text(line.start_ns)}",
        config=configs[0] if len(configs) == 1 else "",
        request=request,
        response=response,
        properties={name: value for name, value in properties.items() if value != "-"},
        raw={
            "note": f"recorded in Envoy with {' and '.join(names) or 'no plugin'}",
            "expect": _expectation(front, back, line, chained=len(configs) > 1),
        },
        chain=tuple(configs) if len(configs) > 1 else (),
        time_ns=line.start_ns,
    )


def _expectation(front: Trace, back: Trace, line: Line, *, chained: bool) -> dict[str, Any]:
    expect: dict[str, Any] = {"start": "ok", "upstream": None, "downstream": None, "local_reply": None, "callouts": []}
    if back.request.fields is not None:
        expect["upstream"] = {
            "headers": _pairs(back.request.fields),
            "body": chunk_to_json(b"".join(back.request.chunks)),
        }
    if front.response.fields is None:
        return expect
    if line.of_plugin:
        # Behind the plugins it is as it was made; before them, as they have changed it.
        reply = back.response if back.response.fields is not None else front.response
        fields = reply.fields or []
        expect["local_reply"] = {
            "status": int(dict(fields)[":status"]),
            "headers": [pair for pair in _pairs(fields) if pair[0] not in (":status", "content-length")],
            "body": chunk_to_json(b"".join(reply.chunks)),
            "details": "" if line.details == "-" else line.details,
        }
    if not line.of_plugin or chained:
        expect["downstream"] = {
            "headers": _pairs(front.response.fields),
            "body": [chunk_to_json(chunk) for chunk in front.response.chunks],
        }
    return expect


def _pairs(fields: Fields) -> list[list[str]]:
    return [list(pair) for pair in fields]
