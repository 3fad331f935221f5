"""What docs/protection.md and docs/rate-limits.md say."""

from __future__ import annotations

import re

from tests.bundle import SHIPPED

from tools.protection_page import LIMITS, PAGE, page


def test_the_pages_have_the_keys_as_they_are() -> None:
    """`python -m tools.protection_page` writes them."""
    for file in (PAGE, LIMITS):
        text = file.read_text(encoding="utf-8")
        assert page(text) == text


def test_each_plugin_has_its_section_and_its_line_in_the_table() -> None:
    text, limits = PAGE.read_text(encoding="utf-8"), LIMITS.read_text(encoding="utf-8")
    for plugin in SHIPPED:
        assert f"<!-- {plugin} -->" in text + limits
        assert re.search(rf"^\| \[`{plugin}`\]\((?:rate-limits.md)?#", text, re.MULTILINE)
