"""Ids that the plugin generates: they differ from run to run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ..exchange import Exchange

_UUID = re.compile(r"(?P<prefix>\w*[-_])?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class GeneratedIds:
    """Distinguishes UUIDs that the plugin generates from those that the client or an upstream sent.

    The latter must come out unchanged.

    Attributes:
        given: everything that was sent to the plugin, as one text.
    """

    given: str

    @classmethod
    def of(cls, exchange: Exchange) -> GeneratedIds:
        keys = ("request", "response", "next_responses", "callouts", "before")
        return cls(json.dumps([exchange.raw.get(key) for key in keys], ensure_ascii=False))

    def alike(self, expected: object, got: object) -> bool:
        """Whether both are generated UUIDs with the same prefix."""
        if not isinstance(expected, str) or not isinstance(got, str) or expected in self.given:
            return False
        one, other = _UUID.fullmatch(expected), _UUID.fullmatch(got)
        return one is not None and other is not None and one["prefix"] == other["prefix"]
