"""Replay mutated exchanges and look for broken rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from proxywasm_host.recordings import exchange as exchange_files
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.recordings.replay import Result, Session, replay

from .mutations import mutated
from .rules import broken_rules

_DRAWN: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
RECORDED: Final = Path(__file__).parents[1] / "conformance"


@dataclass(frozen=True, slots=True)
class Finding:
    seed: int
    """Of this exchange alone."""
    exchange: Exchange
    broken: list[str]

    def to_json(self) -> dict[str, Any]:
        """An entry for `proxywasm replay`."""
        return exchange_files.to_json(self.exchange)


def recorded() -> list[Exchange]:
    """The exchanges whose configuration is accepted."""
    found = []
    for file in sorted(RECORDED.glob("*/*.json")):
        found += [one for one in exchange_files.load(file) if one.raw["expect"].get("start") == "ok"]
    return found


def findings(
    originals: Sequence[Exchange], seeds: Iterable[int], sessions: Sequence[Session]
) -> Iterator[Finding | None]:
    """One for each seed; None: all is well. With several sessions all of them have to say the same."""
    for seed in seeds:
        random = Random(seed)  # to be repeated, not to be secret
        original = random.choice(originals)
        one = mutated(original, random)
        results = [replay(one, session) for session in sessions]
        broken = broken_rules(one, results[0])
        if any(_written(result) != _written(results[0]) for result in results[1:]):
            broken.append("natively and in Wasm not the same")
        yield Finding(seed, one, broken) if broken else None


def _written(result: Result) -> str:
    """What is compared: without the log, whose tracebacks name other files, and without ids that are drawn."""
    text = json.dumps({key: value for key, value in result.items() if key != "logs"}, sort_keys=True)
    return _DRAWN.sub("", text)
