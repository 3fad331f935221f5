"""What is known of one stream when it has ended: a line of JSON for the access log, and the values for metrics."""

from __future__ import annotations

import datetime
import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from proxywasm.attributes import AI_LOG, CUSTOM_LOG
from proxywasm.helpers import unmarshal_str

from ...services import Properties


class SeenModels(Protocol):
    """The models of a stream, read from the bodies of its requests."""

    asked: str | None
    used: str | None

    def asks(self, data: bytes, /) -> None:
        """These bytes of the client's body arrive."""

    def sends(self, data: bytes, /) -> None:
        """These bytes of a body go to an upstream."""


_LONGEST_PATH: Final = 500
_LONGEST_UPSTREAM: Final = 60
"""Of those that were given up."""
_LONGEST_ATTRIBUTES: Final = 2000
"""Characters. A line is written at once, so that lines of several workers do not mix: that works up to 4 KiB."""
_FIELDS: Final = (
    "provider", "api", "requested_model", "model", "response_type", "input_token", "output_token", "total_token",
    "cached_tokens", "reasoning_tokens", "retries", "fallbacks",
)  # fmt: skip
"""What ai-proxy says, which are fields of the line itself."""
_END_OF_EVENT: Final = re.compile(rb"[^\r\n](?>\r\n|\n|\r)(?>\r\n|\n|\r)")
"""The end of a line, and a blank line."""
_MOST_UNFINISHED: Final = 4
"""Bytes of an event's end that may have arrived before its last one."""
_CLIENT: Final = ("source", "address")
_numbers: Final = itertools.count(1)
_AI_PROXY: Final = ("ai_proxy_log",)
"""The property with it: a JSON object."""


class AccessLine:
    """A path is without its query, where some clients have their key.

    `properties` are those of the stream, where plugins leave attributes for the log. Times are those of the monotonic
    clock, which is the event loop's.
    """

    __slots__ = (
        "_attributes",
        "_began",
        "_first_byte",
        "_given_up",
        "_properties",
        "_unfinished",
        "ended",
        "events",
        "method",
        "models",
        "number",
        "own_seconds",
        "path",
        "received",
        "recorded",
        "route",
        "seconds",
        "sent",
        "span",
        "start",
        "status",
        "streams",
        "trace",
        "upstream",
    )

    def __init__(self, route: str, method: str, path: str, properties: Properties) -> None:
        self.number = next(_numbers)
        """In this process."""
        self.route = route
        self.method = method
        self.path = path.partition("?")[0][:_LONGEST_PATH]
        self.upstream = ""
        """Where the request went: the name in the gateway file, or the host that a plugin chose."""
        self._given_up: list[dict[str, Any]] | None = None
        """The upstreams of requests in place of which a plugin has sent others. Most streams have none."""
        self.status = 0
        self.streams = False
        """The response is a stream of events."""
        self.received = self.sent = 0
        """Bytes of the bodies of request and response, or of a WebSocket."""
        self.events = 0
        """Of a stream of events: blocks that a blank line has ended."""
        self.ended = "the client has closed the connection"
        self.own_seconds = 0.0
        """Until the first byte of the response, without the time in which the client or the upstream was waited for."""
        self.seconds = 0.0
        """From the request to the end of the stream."""
        self.trace = ""
        """The id of the trace, if the client has sent one or the gateway traces."""
        self.span: Any = None
        """That of the stream, where the gateway traces."""
        self.models: SeenModels | None = None
        """While somebody looks at the console."""
        self.recorded = False
        self._properties = properties
        self._unfinished = b""
        """The last bytes of a stream of events, which may be a part of the end of an event."""
        self.start = time.time()
        self._began = time.monotonic()
        self._first_byte: float | None = None
        self._attributes: dict[str, Any] | None = None

    def asks(self, arrived: float) -> None:
        """The request goes on to the upstream; the last of it arrived then."""
        self.own_seconds += time.monotonic() - arrived

    def gives_up(self, status: int) -> None:
        """A plugin sends another request in place of that to this upstream, whose response had this status; 0: it had
        none."""
        if self._given_up is None:
            self._given_up = []
        self._given_up.append({"upstream": self.upstream[:_LONGEST_UPSTREAM], "status": status})
        self.upstream = ""

    @property
    def attempts(self) -> int:
        """Requests that were sent upstream, or would have been."""
        return 1 + len(self._given_up or ())

    def answers(self, status: str, content_type: str) -> None:
        self.status = int(status)
        self.streams = content_type.startswith("text/event-stream")

    def sends(self, data: bytes, arrived: float) -> None:
        """These bytes of the body go to the client; the last of what they were made of arrived then."""
        if data and self._first_byte is None:
            self._first_byte = time.monotonic()
            self.own_seconds += self._first_byte - arrived
        self.sent += len(data)
        if self.streams:
            self._count_events(data)

    def _count_events(self, data: bytes) -> None:
        data = self._unfinished + data
        end = 0
        for found in _END_OF_EVENT.finditer(data):
            self.events += 1
            end = found.end()
        self._unfinished = data[max(end, len(data) - _MOST_UNFINISHED) :]

    @property
    def first_byte_seconds(self) -> float | None:
        return None if self._first_byte is None else self._first_byte - self._began

    @property
    def age(self) -> float:
        """Seconds since the request."""
        return time.monotonic() - self._began

    @property
    def client(self) -> str:
        """The address that the request comes from."""
        return self._properties.get(_CLIENT, b"").decode(errors="replace")

    def keep(self) -> None:
        """It is kept for some time: of what plugins have left for logs, only what ai-proxy says stays."""
        attributes = self.attributes
        self._properties = {_CLIENT: self._properties.get(_CLIENT, b"")}
        self._attributes = attributes

    def ends(self) -> None:
        """The stream is over."""
        self.seconds = time.monotonic() - self._began

    @property
    def attributes(self) -> dict[str, Any]:
        """What ai-proxy says of the exchange."""
        if self._attributes is None:
            found = _read(self._properties, _AI_PROXY, json.loads)
            self._attributes = found if isinstance(found, dict) else {}
        return self._attributes

    @property
    def ai_log(self) -> dict[str, Any]:
        """What ai-statistics and its likes say."""
        found = _read(self._properties, (AI_LOG,), _unescaped)
        return found if isinstance(found, dict) else {}

    def named_properties(self) -> Iterator[tuple[str, str]]:
        """Those with one name, of the stream."""
        for path, value in self._properties.items():
            if len(path) == 1:
                yield path[0], value.decode(errors="replace")

    def text(self) -> str:
        first = _milliseconds(self.first_byte_seconds)
        line: dict[str, Any] = {
            "time": datetime.datetime.fromtimestamp(self.start, datetime.UTC).isoformat(timespec="milliseconds"),
            "route": self.route,
            "method": self.method,
            "path": self.path,
            "upstream": self.upstream,
            "status": self.status,
            "request_bytes": self.received,
            "response_bytes": self.sent,
            "first_byte_ms": first,
            "first_token_ms": first if self.streams else None,
            "gateway_ms": _milliseconds(self.own_seconds),
            "duration_ms": _milliseconds(self.seconds),
            "ended": self.ended,
        }
        if self._given_up is not None:
            line["given_up"] = self._given_up
        if self.trace:
            line["trace"] = self.trace
        for name in _FIELDS:
            if name in self.attributes:
                line[name] = self.attributes[name]
        for key in (AI_LOG, CUSTOM_LOG):
            if value := _read(self._properties, (key,), _unescaped):
                line[key] = value
        return json.dumps(line, default=str)


def _read(properties: Properties, path: tuple[str, ...], parse: Callable[[str], Any]) -> Any:
    """What plugins have left there, or the text if it is anything else. None for more than fits."""
    text = properties.get(path, b"").decode(errors="replace")
    if not text or len(text) > _LONGEST_ATTRIBUTES:
        return None
    try:
        return parse(text)
    except (ValueError, RecursionError):
        return text


def _unescaped(text: str) -> Any:
    """A JSON object that is escaped, so that it could stand in a JSON string: Higress wants it like that."""
    return json.loads(unmarshal_str(text))


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
