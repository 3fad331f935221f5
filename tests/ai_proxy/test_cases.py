"""The smallest exchange for each fault that users of such gateways have reported, with its right value.

`proxywasm replay` runs them, too. A file is named after its case.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import Exchange, load
from proxywasm_host.recordings.replay import Session, replay

CASES = [exchange for file in sorted((Path(__file__).parent / "cases").glob("*.json")) for exchange in load(file)]


@pytest.mark.parametrize("exchange", CASES, ids=lambda exchange: exchange.name)
def test_a_reported_fault_is_none_here(exchange: Exchange, session: Session) -> None:
    verdict = judge(replay(exchange, session), exchange)
    assert verdict.passed, verdict.differences
