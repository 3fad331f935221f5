"""The rules of an overrides file, and what they make of an exchange."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, Final, TypeAlias

from .. import bodies
from ..exchange import Exchange
from .changes import Patch, apply, written
from .paths import Path, compose, look_up
from .programs import ProgramError, Views, run

Expected: TypeAlias = dict[str, Any]
Raw: TypeAlias = Mapping[str, Any]


class RuleFailed(Exception):
    """A program of a rule fails for some exchange. The message names the rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`condition` is the program of its key `if`, `functions` are those that all programs of the file may use."""

    id: str
    reason: str
    when: Mapping[Path, re.Pattern[str] | None]
    patches: tuple[Patch, ...]
    condition: str = ""
    functions: str = ""

    def change(self, expected: Expected, views: Views) -> bool:
        """Patch in place. False: this rule has nothing to say about these expectations.

        `views` are of the exchange, its `expect` what has been recorded for these expectations. Raises `RuleFailed`.
        """
        try:
            return self._change(expected, views)
        except ProgramError as error:
            raise RuleFailed(f"rule {self.id!r} cannot be computed: {error}") from None

    def _change(self, expected: Expected, views: Views) -> bool:
        if not self._matches(views.raw):
            return False
        if self.condition and not any(run(self.functions, self.condition, views.now(expected))):
            return False
        before = copy.deepcopy(expected)
        for patch in self.patches:
            self._carry_out(patch, expected, views)
        return expected != before

    def _matches(self, raw: Raw) -> bool:
        for path, pattern in self.when.items():
            found = look_up(raw, path)
            if pattern is None:
                if found is not None:
                    return False
            elif found is None or not pattern.search(bodies.compact(found)):
                return False
        return True

    def _carry_out(self, patch: Patch, expected: Expected, views: Views) -> None:
        raw = views.raw
        if patch.program:
            for value in run(self.functions, patch.program, views.now(expected))[:1]:
                if patch.path[-1] == "body" and isinstance(value, dict):
                    value = written(value)  # noqa: PLW2901
                apply(replace(patch, value=value, op="set" if patch.op == "compute" else patch.op), expected)
        elif patch.op == "compose":
            if (text := compose(raw, patch.value)) is not None:
                apply(replace(patch, value=text, op="set"), expected)
        elif not patch.source:
            apply(patch, expected)
        elif (found := look_up(raw, patch.source)) is not None:
            apply(replace(patch, value=found, op="set" if patch.op == "copy" else patch.op), expected)


@dataclass(frozen=True, slots=True)
class Applied:
    """What may come out: candidates of which each part of a result has to be like one."""

    candidates: tuple[Expected, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overrides:
    rules: tuple[Rule, ...] = ()
    path: FilePath | None = None

    def apply(self, exchange: Exchange) -> Applied | None:
        """What is expected of an exchange; None: nothing, or a known bug of the original. Raises `RuleFailed`."""
        raw = exchange.raw
        if "expect" not in raw or raw.get("known_bug"):
            return None
        candidates = [*_recorded(raw)]
        names: dict[str, None] = {}
        for candidate in candidates:
            views = Views({**raw, "expect": copy.deepcopy(candidate)})
            names |= {rule.id: None for rule in self.rules if rule.change(candidate, views)}
        return Applied(tuple(candidates), tuple(names))

    def stale(self, exchanges: Iterable[Exchange]) -> list[str]:
        """The rules that have no effect on any of these exchanges, one line each."""
        used: set[str] = set()
        for exchange in exchanges:
            used.update(applied.names if (applied := self.apply(exchange)) else ())
        return [f"rule {rule.id!r} changes no exchange" for rule in self.rules if rule.id not in used]


NO_OVERRIDES: Final = Overrides()


def _recorded(raw: Raw) -> Iterator[Expected]:
    """Everything that has been recorded as an answer to an exchange, as copies."""
    expect, main, semantic = raw["expect"], raw.get("expect_main"), raw.get("expect_semantic")
    if semantic is not None:
        # The stream was cut at awkward places, where the original may stumble: what counts is what the uncut one gives.
        body = semantic if isinstance(semantic, list) else [semantic]
        expect = {**expect, "downstream": {**(expect["downstream"] or {"headers": []}), "body": body}}
    yield copy.deepcopy(expect)
    if main:
        yield copy.deepcopy({**expect, **main})
