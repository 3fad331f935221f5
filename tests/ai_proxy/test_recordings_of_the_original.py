"""Exchanges of our own, recorded from the original: the plugin gives the same answers, or those of the golden files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.expected.golden import load

from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.recordings.replay import Session, replay

TESTS = Path(__file__).parents[1]
EXCHANGES = [exchange for file in sorted((TESTS / "recordings" / "original").glob("*.json")) for exchange in load(file)]


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_an_exchange_comes_out_as_recorded_or_as_its_golden_file_says(exchange: Exchange, session: Session) -> None:
    verdict = judge(replay(exchange, session), exchange)
    assert verdict.passed, "\n".join(map(str, verdict.differences))
