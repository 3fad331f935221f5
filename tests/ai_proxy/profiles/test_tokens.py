"""The estimate of tokens: near what tokenizers count, and linear."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_proxy.profiles.tokens import estimate
from benchmarks.token_estimate.samples import SAMPLES
from benchmarks.token_estimate.table import errors, table

PAGE = Path(__file__).parents[3] / "docs" / "messages.md"


def test_estimates_are_near_what_tokenizers_count() -> None:
    found = errors()
    assert found.keys() == SAMPLES.keys()
    for vendor in ("openai", "qwen", "deepseek"):
        amounts = [abs(row[vendor]) for row in found.values()]
        assert sum(amounts) / len(amounts) < 0.13, vendor
        assert max(amounts) < 0.3, vendor


def test_the_page_says_how_far_they_are_off() -> None:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- python -m benchmarks.token_estimate -->\n")
    assert rest.partition("\n<!-- end -->")[0] == table()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("vendor", ["openai", "deepseek", "qwen", ""])
def test_a_text_of_several_texts_has_their_tokens(name: str, vendor: str) -> None:
    one = SAMPLES[name].measured
    assert estimate(one * 50, vendor) == pytest.approx(50 * estimate(one, vendor), rel=0.02)


def test_any_text_has_an_estimate() -> None:
    assert [estimate(text) for text in ("", " ", "\ud83d", "\0")] == [0, 1, 1, 1]
