"""Ids that the plugin makes up: they differ from run to run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ..exchange import Exchange

_UUID = re.compile(r"(?P<prefix>\w*[-_])?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Tells UUIDs that nobody gave from those that client or upstream sent, which must come out as they went in."""

    given: str

    @classmethod
    def of(cls, exchange: Exchange) -> MadeUp:
        keys = ("request", "response", "callouts", "before")
        return cls(json.dumps([exchange.raw.get(key) for key in keys], ensure_ascii=False))

    def alike(self, expected: object, got: object) -> bool:
        if not isinstance(expected, str) or not isinstance(got, str) or expected in self.given:
            return False
        one, other = _UUID.fullmatch(expected), _UUID.fullmatch(got)
        return one is not None and other is not None and one["prefix"] == other["prefix"]
