"""When the body of a response begins."""

from __future__ import annotations

import re
from typing import Final

from proxywasm.wire import Fields

_LINE_END: Final = re.compile(rb"[\r\n]")


class FirstByte:
    """Looks for the first byte that is part of an answer.

    White space and comments of event streams (`: ping`) do not count: services send them to keep a connection alive
    while they have no answer.
    """

    __slots__ = ("_has_comments", "_in_comment")

    def __init__(self, fields: Fields) -> None:
        self._has_comments = dict(fields).get("content-type", "").lstrip().lower().startswith("text/event-stream")
        self._in_comment = False

    def is_in(self, data: bytes) -> bool:
        """Whether it is in this chunk, or was in one before."""
        rest = data if self._in_comment else data.lstrip()
        while self._in_comment or (self._has_comments and rest.startswith(b":")):
            end = _LINE_END.search(rest)
            self._in_comment = end is None
            if end is None:
                return False
            rest = rest[end.end() :].lstrip()
        return bool(rest)
