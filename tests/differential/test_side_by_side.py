"""Ours answers in a real Envoy as the original does beside it, or as the golden files where it deliberately differs."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.expected.golden import TESTS, golden_file, read

from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import Exchange, load

from .results import Result, of_golden, of_original
from .side_by_side import not_to_be_driven

FILES = sorted((TESTS / "conformance").glob("*/*.json"))
EXCHANGES = [exchange for file in FILES for exchange in load(file)]
GOLDEN = {name: golden for file in FILES for name, golden in read(golden_file(file)).items()}
DRIVABLE = [exchange for exchange in EXCHANGES if not not_to_be_driven(exchange)]


@pytest.mark.envoy
@pytest.mark.exhaustive
@pytest.mark.parametrize("exchange", DRIVABLE, ids=lambda exchange: exchange.name)
def test_an_exchange_comes_out_as_the_originals_or_as_its_golden_file_says(
    exchange: Exchange, results: dict[str, dict[str, Result]]
) -> None:
    both = results[exchange.name]
    golden = GOLDEN.get(exchange.name)
    live = both["go"]
    wanted = of_golden(exchange, golden.expect, live) if golden else of_original(exchange, live)
    verdict = judge(both["python"], wanted)
    assert verdict.passed, "\n".join(map(str, verdict.differences))


def test_most_exchanges_can_be_driven_through_a_network() -> None:
    reasons = Counter(not_to_be_driven(exchange) for exchange in EXCHANGES)
    assert reasons[""] > 0.9 * len(EXCHANGES), reasons
