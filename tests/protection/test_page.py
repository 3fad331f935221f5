"""What docs/protection.md says."""

from __future__ import annotations

import re

from tests.bundle import SHIPPED

from tools.protection_page import PAGE, page


def test_the_page_has_the_keys_as_they_are() -> None:
    """`python -m tools.protection_page` writes them."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text


def test_each_plugin_has_its_line_in_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for plugin in SHIPPED:
        assert re.search(rf"^\| \[`{plugin}`\]\(", text, re.MULTILINE)
