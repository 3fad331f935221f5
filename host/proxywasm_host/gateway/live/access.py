"""One JSON line for each stream that has ended."""

from __future__ import annotations

import datetime
import json
import time


class AccessLine:
    """What is known of one stream. A path is without its query, where some clients have their key."""

    __slots__ = (
        "_began",
        "_first_byte",
        "_start",
        "ended",
        "method",
        "path",
        "received",
        "route",
        "sent",
        "status",
        "upstream",
    )

    def __init__(self, route: str, method: str, path: str) -> None:
        self.route = route
        self.method = method
        self.path = path.partition("?")[0]
        self.upstream = ""
        """Where the request went: the name in the gateway file, or the host that a plugin chose."""
        self.status = 0
        self.received = self.sent = 0
        """Bytes of the bodies of request and response."""
        self.ended = "the client has closed the connection"
        self._start = time.time()
        self._began = time.monotonic()
        self._first_byte: float | None = None

    def answers(self, status: str) -> None:
        self.status = int(status)

    def sends(self, size: int) -> None:
        if size and self._first_byte is None:
            self._first_byte = time.monotonic()
        self.sent += size

    def text(self) -> str:
        first = None if self._first_byte is None else round((self._first_byte - self._began) * 1000, 3)
        return json.dumps({
            "time": datetime.datetime.fromtimestamp(self._start, datetime.UTC).isoformat(timespec="milliseconds"),
            "route": self.route,
            "method": self.method,
            "path": self.path,
            "upstream": self.upstream,
            "status": self.status,
            "request_bytes": self.received,
            "response_bytes": self.sent,
            "first_byte_ms": first,
            "duration_ms": round((time.monotonic() - self._began) * 1000, 3),
            "ended": self.ended,
        })  # fmt: skip
