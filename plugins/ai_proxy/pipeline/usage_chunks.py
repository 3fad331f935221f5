"""The usage in streams that are not converted: one chunk at the end, and only if the client has asked for it.

The plugin asks every service for the usage, which gateways account by. Some services also send it with every chunk, or
inside a choice, which clients that add chunks up count several times.
"""

from __future__ import annotations

import re
from typing import Final

from proxywasm import SSEDecoder, log

from ..wire.json import Json, NumberError, dumps, loads, to_bytes

_EVENT: Final = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r)", re.DOTALL)
_NAME: Final = b'"usage"'
_USAGE: Final = re.compile(_NAME + rb"\s*:\s*\{")
_DONE: Final = b"[DONE]"


class UsageChunks:
    """Moves the usage of one stream to its end, or removes it."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self.pending: Json | None = None
        """The chunk with the newest usage, without choices."""
        self._written = False

    def concerns(self, output: bytes) -> bool:
        """Whether there is something to do. Nearly all chunks have no usage or null."""
        return self.pending is not None or (output.find(_NAME) >= 0 and _USAGE.search(output) is not None)

    def apply(self, output: bytes, *, last: bool) -> bytes:
        """`output` has whole events, except at the end of the stream."""
        end, parts = 0, []
        for found in _EVENT.finditer(output):
            parts.append(self._event(found[0]))
            end = found.end()
        parts.append(output[end:])
        if last:
            parts.append(self._rest())
        return b"".join(parts)

    def _event(self, raw: bytes) -> bytes:
        if _DONE in raw:
            return self._rest() + raw
        if not _USAGE.search(raw):
            return raw
        document = _document(raw)
        choices = None if document is None else document.get("choices")
        if document is None or not isinstance(choices, list):
            return raw
        if not choices:
            return self._of_its_own(raw)
        try:
            return self._of_choices(document, choices, raw)
        except NumberError:
            return raw  # A number that JSON parsers cannot read is the service's own.

    def _of_its_own(self, raw: bytes) -> bytes:
        self.pending = None
        keep = self._wanted and not self._written
        self._written = True
        return raw if keep else b""

    def _of_choices(self, document: Json, choices: list[object], raw: bytes) -> bytes:
        usage = document.pop("usage", None)
        for choice in choices:
            if isinstance(choice, dict):
                usage = choice.pop("usage", None) or usage
        if not isinstance(usage, dict):
            return raw
        if self._wanted:
            self.pending = {**document, "choices": [], "usage": usage}
            document["usage"] = None
        return to_bytes(f"data: {dumps(document)}\n\n")

    def _rest(self) -> bytes:
        pending, self.pending = self.pending, None
        if pending is None or self._written:
            return b""
        self._written = True
        try:
            return to_bytes(f"data: {dumps(pending)}\n\n")
        except NumberError:
            log.warn("the usage of the stream has a number out of range; left out")
            return b""


def _document(raw: bytes) -> Json | None:
    events = SSEDecoder().feed(raw)
    try:
        document = loads(events[0].data) if len(events) == 1 and not events[0].event else None
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
