"""The order of turns: each call has its result, where the service wants it."""

from __future__ import annotations

from collections.abc import Iterable

from ..problems import Checker


class Calls:
    """The calls of a conversation that wait for their results."""

    def __init__(self, check: Checker, *, unique: bool = False) -> None:
        """`unique`: no two calls of the whole conversation have one id."""
        self._check = check
        self._open: dict[str, str] = {}
        self._known: set[str] | None = set() if unique else None

    def called(self, call_id: object, path: str) -> None:
        known = self._open if self._known is None else self._known
        self._check.need(call_id not in known, path, f"the id {call_id!r:.80} is another call's, too")
        if isinstance(call_id, str):
            self._open[call_id] = path
            if self._known is not None:
                self._known.add(call_id)

    def answered(self, call_id: object, path: str) -> None:
        """A result belongs to a call that has none."""
        known = isinstance(call_id, str) and self._open.pop(call_id, None) is not None
        self._check.need(known, path, f"there is no call {call_id!r:.80} before this result")

    def none_open(self, path: str) -> None:
        for call_id in list(self._open):
            self._check.need(False, path, f"the call {call_id!r:.80} has no result before this turn")
        self._open.clear()


def pairs(check: Checker, names: Iterable[object], path: str) -> None:
    """Names of tools are unique."""
    found: set[object] = set()
    for name in names:
        check.need(name not in found, path, f"two tools have the name {name!r:.80}")
        found.add(name)
