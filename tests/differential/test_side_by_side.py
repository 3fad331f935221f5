"""Ours does in a real Envoy what the original does beside it, except where it is deliberately different."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxywasm_host.compare import judge
from proxywasm_host.exchange import Exchange, load
from proxywasm_host.overrides import FILE_NAME
from proxywasm_host.overrides import load as load_overrides

from .results import Result, expected
from .side_by_side import not_to_be_driven

TESTS = Path(__file__).parents[1]
EXCHANGES = [exchange for file in sorted((TESTS / "conformance").glob("*/*.json")) for exchange in load(file)]
OVERRIDES = load_overrides(TESTS / FILE_NAME)
SAMPLE = 8
"""Of so many exchanges one is in every run; `-m exhaustive` takes the others."""

pytestmark = pytest.mark.envoy


def drivable() -> Iterator[Any]:
    for exchange in EXCHANGES:
        if not not_to_be_driven(exchange):
            in_sample = zlib.crc32(exchange.name.encode()) % SAMPLE == 0
            marks = [] if in_sample else [pytest.mark.slow, pytest.mark.exhaustive]
            yield pytest.param(exchange, id=exchange.name, marks=marks)


@pytest.mark.parametrize("exchange", list(drivable()))
def test_an_exchange_comes_out_as_the_originals_or_as_the_overrides_say(
    exchange: Exchange, results: dict[str, dict[str, Result]]
) -> None:
    both = results[exchange.name]
    verdict = judge(both["python"], expected(exchange, both["go"]), OVERRIDES)
    assert verdict.passed, "\n".join(map(str, verdict.differences))


def test_most_exchanges_can_be_driven_through_a_network() -> None:
    reasons = Counter(not_to_be_driven(exchange) for exchange in EXCHANGES)
    assert reasons[""] > 0.9 * len(EXCHANGES), reasons
