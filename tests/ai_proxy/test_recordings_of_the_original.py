"""What the original makes of exchanges of our own: the same here, except where the overrides say otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxywasm_host.compare import judge
from proxywasm_host.exchange import Exchange, load
from proxywasm_host.overrides import FILE_NAME
from proxywasm_host.overrides import load as load_overrides
from proxywasm_host.replay import Session, replay

TESTS = Path(__file__).parents[1]
OVERRIDES = load_overrides(TESTS / FILE_NAME)
EXCHANGES = [exchange for file in sorted((TESTS / "recordings" / "original").glob("*.json")) for exchange in load(file)]


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_an_exchange_comes_out_as_recorded_or_as_the_overrides_say(exchange: Exchange, session: Session) -> None:
    verdict = judge(replay(exchange, session), exchange, OVERRIDES)
    assert verdict.passed, "\n".join(map(str, verdict.differences))
