"""docs/protocols.md says what the tests find."""

from __future__ import annotations

from tests.ai_proxy.protocols_page import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.ai_proxy.protocols_page"
