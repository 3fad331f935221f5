"""Mutated exchanges through ai-proxy: no rule is broken, and Wasm says what Python says."""

from __future__ import annotations

import pytest
from tests.fuzz.exchanges import findings, recorded

import ai_proxy
from proxywasm_host.recordings.replay import native_session, wasm_session
from proxywasm_host.wasm.engine import Component

RECORDED = recorded()


def some(starts: range, number: int) -> list[object]:
    """The first ones in each run, the others on request."""
    return [*starts[:number], *(pytest.param(start, marks=pytest.mark.exhaustive) for start in starts[number:])]


@pytest.mark.parametrize("start", some(range(0, 3000, 500), 2))
def test_no_rule_is_broken(start: int) -> None:
    found = findings(RECORDED, range(start, start + 500), [native_session(ai_proxy.plugin)])
    assert [(one.seed, one.broken) for one in found if one] == []


@pytest.mark.parametrize("start", some(range(1_000_000, 1_000_400, 100), 1))
def test_wasm_says_what_python_says(start: int, ai_proxy_code: Component) -> None:
    sessions = [native_session(ai_proxy.plugin), wasm_session(ai_proxy_code)]
    assert [(one.seed, one.broken) for one in findings(RECORDED, range(start, start + 100), sessions) if one] == []
