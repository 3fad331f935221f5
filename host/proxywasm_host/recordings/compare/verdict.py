"""Compare a whole result with the expectations of its exchange."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, Literal

from proxywasm.replies import PLUGIN_FAILED

from ..exchange import Exchange
from .accepted import Result, accepted
from .difference import MISSING, Difference
from .generated_ids import GeneratedIds
from .messages import compare_messages, compare_replies

PARTS: Final = ("given_up", "upstream", "downstream", "local_reply", "callouts")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a comparison."""

    status: Literal["same", "different", "known bug of the original", "nothing expected"]
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.differences


def judge(result: Result, exchange: Exchange) -> Verdict:
    """Compare a result with the expectations of its exchange."""
    found = list(_own_failure(result))
    if exchange.raw.get("known_bug"):
        return Verdict("different", tuple(found)) if found else Verdict("known bug of the original")
    if "expect" not in exchange.raw:
        return Verdict("different", tuple(found)) if found else Verdict("nothing expected")
    found += _best(result, accepted(exchange.raw), GeneratedIds.of(exchange))
    return Verdict("different" if found else "same", tuple(found))


def differences(result: Result, exchange: Exchange) -> list[Difference]:
    """The differences between a result and its exchange's expectations; none for a known bug of the original."""
    return list(judge(result, exchange).differences)


def _own_failure(result: Result) -> Iterator[Difference]:
    """No recording excuses a plugin that raises, or an instance that traps."""
    if "crash" in result:
        yield Difference("crash", MISSING, result["crash"])
    if (result.get("local_reply") or {}).get("details") == PLUGIN_FAILED:
        logs = "\n".join(result.get("logs", []))
        yield Difference("local_reply", "a plugin that does not raise", logs or PLUGIN_FAILED)


def _best(result: Result, candidates: Sequence[Result], ids: GeneratedIds) -> list[Difference]:
    """Each part of the result may be like that part of any candidate that starts in the same way."""
    alike = [candidate for candidate in candidates if candidate.get("start", "ok") == result["start"]]
    if not alike:
        got = result["start"] if result["start"] == "ok" else f"failed: {result.get('error')}"
        return [Difference("start", candidates[0].get("start", "ok"), got)]
    if result["start"] == "failed":
        return []
    found: list[Difference] = []
    for part in PARTS:
        attempts = [list(_part(part, candidate.get(part), result.get(part), ids)) for candidate in alike]
        attempts.sort(key=len)
        found += attempts[0]
    return found


def _part(part: str, expected: Any, got: Any, ids: GeneratedIds) -> Iterator[Difference]:
    if part in ("callouts", "given_up"):
        for index, (one, other) in enumerate(zip_longest(expected or [], got or [], fillvalue=MISSING)):
            yield from compare_messages(f"{part}.{index}", one, other, ids)
    elif expected is None or got is None:
        if expected is not got:
            yield Difference(part, expected, got)
    elif part == "local_reply":
        yield from compare_replies(expected, got, ids)
    else:
        yield from compare_messages(part, expected, got, ids)
