"""A message as it has arrived, whichever protocol it came by, and what an upstream tells of one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from proxywasm.wire import Fields


class MalformedError(Exception):
    """A message has another length than its headers say (RFC 9112, 6.3; RFC 9113, 8.1.1)."""


@dataclass
class Message:
    headers: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    complete: bool = False
    """It has an end; otherwise it has been broken off."""

    @property
    def status(self) -> int:
        return int(dict(self.headers).get(":status", "0"))

    @property
    def length(self) -> int | None:
        """The one that its headers tell."""
        return next((int(value) for name, value in self.headers if name == "content-length"), None)

    def end(self) -> None:
        """Raises `MalformedError`."""
        self.complete = True
        if self.length not in (None, len(self.body)):
            raise MalformedError(f"content-length is {self.length}, and {len(self.body)} bytes came")

    def told(self) -> bytes:
        """What an upstream that has got this request answers."""
        return json.dumps({"body": self.body.decode(), "length": self.length, "trailers": dict(self.trailers)}).encode()

    def answer(self) -> tuple[Fields, list[bytes], Fields]:
        """Headers, body in chunks, and trailers of the answer; `x-answer` says whether it tells its `length`, and has
        `trailers`."""
        asked, body = dict(self.headers).get("x-answer", "").split(), self.told()
        length = [("content-length", str(len(body)))] if "length" in asked else []
        trailers = [("x-trailer", "of-the-response")] if "trailers" in asked else []
        return [("content-type", "application/json"), *length], [body[:20], body[20:]], trailers
