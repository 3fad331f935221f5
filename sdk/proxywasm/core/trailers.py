"""Trailers as a plugin author sees them: header fields after a body."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ..connection_headers import CONNECTION_HEADERS
from ..errors import RuleError
from ..fields import check
from ..headers import Headers
from ..wire import EditOp, FieldEdits, Fields

NO_TRAILERS: Final = Headers.sent([], "there are no trailers, or none yet")
"""The trailers of all messages that have none."""
_GONE: Final = "the trailers have gone on; return Action.PAUSE from the callback for trailers to keep them"


class Trailers(Headers):
    """They can be changed in their callback, and after it as long as it has paused them."""

    __slots__ = ("_is_held", "_send", "open")

    def __init__(self, fields: Fields | str) -> None:
        super().__init__(fields)
        self.open = False
        """Their callback is running."""

    def belong_to(self, send: Callable[[FieldEdits], None], is_held: Callable[[], bool]) -> None:
        """`send` takes changes to the host; `is_held` says whether the trailers are paused."""
        self._send, self._is_held = send, is_held
        self.open = True

    def set_all(self, values: Iterable[tuple[str, str]]) -> None:
        self._begin()
        super().set_all(values)
        self._tell()

    def add(self, name: str, value: str) -> None:
        self._begin()
        super().add(name, value)
        self._tell()

    def _remove(self, name: str) -> None:
        self._begin()
        super()._remove(name)
        self._tell()

    def _begin(self) -> None:
        if not self.sealed and not self.open and not self._is_held():
            self.seal(_GONE)

    def _tell(self) -> None:
        """Trailers are rare: each change is a command of its own, and headers need not look after changes here."""
        if self.edits:
            edits, self.edits = self.edits, []
            self._send(edits)

    def _checked(self, op: EditOp, name: str, value: str) -> tuple[str, str]:
        del op
        value = check(name, value)
        lower = str.lower(name)
        if lower in CONNECTION_HEADERS:
            raise RuleError(f"cannot set {lower} as a trailer: it is for the gateway, and stands in front of a body")
        return lower, value
