"""The rules of HTTP that client and upstream check: a message that a real peer could not read fails the test.

They check lengths, responses without body, names and values of headers. Peers without these checks would hide the worst
faults of a plugin: on a reused connection, bytes beyond the announced length are read as the next message.

The rules are implemented here a second time: peers that shared the runner's code would share its mistakes.
"""

from __future__ import annotations

import re
from typing import Final

from proxywasm.wire import Fields

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
"""RFC 9110, 5.6.2; names are in lower case."""
_METHOD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NO_TARGET: Final = re.compile(r"[\x00-\x20\x7f]")
_STATUS: Final = re.compile(r"[1-5][0-9][0-9]")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_SWITCHING: Final = "101"
FRAMING: Final = frozenset({"content-length", "transfer-encoding"})


class ReadMessage:
    """One message as its peer reads it. Each method returns what is wrong; empty if nothing is."""

    def __init__(self) -> None:
        self.method = ""
        """Of the request; of a response, that of the request it answers."""
        self._status = ""
        self._length: int | None = None
        self._read = 0
        self._ended = False

    def headers(self, fields: Fields, end_of_stream: bool) -> str:
        wrong = _pseudo_headers(fields) or _fields(fields)
        if wrong:
            return wrong
        values = dict(fields)
        self.method = values.get(":method", self.method)
        self._status = values.get(":status", "")
        lengths = [value for name, value in fields if name == "content-length"]
        if self._status == _SWITCHING:
            return ""
        if lengths and "transfer-encoding" in values:
            return "it has both content-length and transfer-encoding"
        if len(lengths) > 1 or not all(_LENGTH.fullmatch(value) for value in lengths):
            return f"its content-length is {', '.join(map(repr, lengths))}"
        if self._bodiless:
            if lengths and (self._status == "204" or self._status.startswith("1")):
                return f"a response with status {self._status} has no content-length"
            return ""
        if lengths:
            self._length = int(lengths[0])
        return self._end() if end_of_stream else ""

    def informational(self, fields: Fields) -> str:
        """A response before this one, with status 100, 102 or 103."""
        wrong = _pseudo_headers(fields) or _fields(fields)
        if wrong:
            return wrong
        status = dict(fields).get(":status", "")
        if not status.startswith("1") or status == _SWITCHING:
            return f"the status of an informational response is {status!r}"
        if self._status:
            return f"an informational response ({status}) comes behind the headers of the response"
        if not FRAMING.isdisjoint(dict(fields)):
            return "an informational response has no body, and no header that tells of one"
        return ""

    def trailers(self, fields: Fields) -> str:
        """The trailers after the body, with which the message ends."""
        if self._ended:
            return "trailers come behind the end of the message"
        for name, _ in fields:
            if name.startswith(":") or name in FRAMING:
                return f"{name} is among its trailers"
        if self._bodiless:
            return "a message without body has no trailers"
        return _fields(fields) or self._end()

    def body(self, data: bytes, end_of_stream: bool) -> str:
        if data and self._bodiless:
            what = "to HEAD" if self.method == "HEAD" else f"with status {self._status}"
            return f"a response {what} has no body, and this one goes on with {data[:40]!r}"
        if self._ended:
            return f"it goes on behind its end, with {data[:40]!r}"
        self._read += len(data)
        if self._length is not None and self._read > self._length:
            return (
                f"its content-length is {self._length}, and its body has {self._read} bytes so far: "
                "the rest would be read as the next message"
            )
        return self._end() if end_of_stream else ""

    @property
    def _bodiless(self) -> bool:
        status = self._status
        if not status or status == _SWITCHING:
            return False
        return self.method == "HEAD" or status in ("204", "304") or status.startswith("1")

    def _end(self) -> str:
        self._ended = True
        if self._length is None or self._bodiless or self._read == self._length:
            return ""
        return (
            f"its content-length is {self._length}, and its body has {self._read} bytes: the rest would be waited for"
        )


def _pseudo_headers(fields: Fields) -> str:
    values = dict(fields)
    if ":status" in values:
        return "" if _STATUS.fullmatch(values[":status"]) else f"its status is {values[':status']!r}"
    if not _METHOD.fullmatch(values.get(":method", "")):
        return f"its method is {values.get(':method')!r}"
    path = values.get(":path", "")
    if values[":method"] != "CONNECT" and (not path or _NO_TARGET.search(path)):
        return f"its path is {path!r}"
    authority = values.get(":authority", "")
    return f"its host is {authority!r}" if _NO_TARGET.search(authority) else ""


def _fields(fields: Fields) -> str:
    for name, value in fields:
        if not _TOKEN.fullmatch(name.removeprefix(":")):
            return f"{name!r} is not the name of a header"
        if _NO_VALUE.search(value):
            return f"its header {name} is {value!r}"
    return ""
