from __future__ import annotations

import random
import sys
from collections.abc import Iterator

import pytest

from proxywasm_host.services import random_state


@pytest.fixture(autouse=True)
def _unchanged() -> Iterator[None]:
    before = random.getstate()
    yield
    random.setstate(before)


@pytest.fixture(params=["as bytes", "as numbers"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "as numbers":
        monkeypatch.setattr(random_state, "_ADDRESS", 0)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="the place of the state is CPython's")
def test_cpython_has_it_where_it_is_looked_for() -> None:
    assert random_state._ADDRESS


@pytest.mark.usefixtures("way")
def test_all_of_the_state_comes_back() -> None:
    random.seed(3)
    random.gauss()  # keeps a second number for the next time
    saved, expected = random_state.save(), random.getstate()
    numbers = [random.gauss() for _ in range(3)] + [random.random() for _ in range(1000)]
    assert random.getstate() != expected
    random_state.restore(saved)
    assert random.getstate() == expected
    assert [random.gauss() for _ in range(3)] + [random.random() for _ in range(1000)] == numbers


@pytest.mark.usefixtures("way")
def test_a_seed_gives_the_state_that_random_has_for_it() -> None:
    before = random.getstate()
    state = random_state.seeded(7)
    assert random.getstate() == before
    random_state.restore(state)
    assert random.getstate() == random.Random(7).getstate()
