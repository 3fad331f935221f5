"""Whatever a program says to its host, nobody but itself is worse off."""

from __future__ import annotations

import pytest
from tests.fuzz.boundary import batches


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=pytest.mark.exhaustive) for start in range(6, 48, 6))]
)
def test_no_program_does_harm(start: int) -> None:
    found = list(batches(range(start, start + 6)))
    assert [batch.seed for batch in found] == list(range(start, start + 6))
    # If all were lost at once, not much would have been tried.
    assert sum(batch.lost for batch in found) < 0.75 * sum(batch.programs for batch in found)
