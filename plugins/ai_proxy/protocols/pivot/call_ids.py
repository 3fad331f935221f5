"""The ids of a conversation's calls, as its service accepts them.

Some services number the calls of each answer from 0, or give all calls one id; others refuse a conversation in which
two calls have the same. Source: the error of Anthropic's API, "`tool_use` ids must be unique".
"""

from __future__ import annotations

import re
from collections import deque

from .identifiers import call_id


class CallIds:
    """Gives each call of one conversation an id of its own, and its result the same."""

    def __init__(self, accepted: re.Pattern[str] | None) -> None:
        """`accepted`: matches ids that the service accepts; None: it accepts all."""
        self._accepted = accepted
        self._taken: set[str] = set()
        self._repeated: dict[str, int] = {}
        self._waiting: dict[str, deque[str]] = {}
        """The ids of calls without a result, by those that the client knows."""

    def begin_turn(self) -> None:
        """Results belong to the calls of the last answer."""
        self._waiting.clear()

    def called(self, given: str) -> str:
        unique = self._fitting(given)
        while unique in self._taken:
            # It depends on the calls before it, which are the same in each request of the conversation.
            number = self._repeated[given] = self._repeated.get(given, 1) + 1
            unique = self._fitting(f"{given}-{number}")
        self._taken.add(unique)
        self._waiting.setdefault(given, deque()).append(unique)
        return unique

    def answered(self, given: str) -> str:
        waiting = self._waiting.get(given)
        return waiting.popleft() if waiting else self._fitting(given)

    def _fitting(self, given: str) -> str:
        return given if self._accepted is None else call_id(given, self._accepted)
