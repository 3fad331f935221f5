"""The tests of this folder notice what must not happen on a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.browser.accessibility import assert_no_sideways_scrolling, violations
from tests.browser.conftest import OpenPage
from tests.browser.scripted import Scripted
from tests.browser.watching import Watch

pytestmark = pytest.mark.exhaustive

# What a page might do, and what is said about it.
MISDEEDS = {
    "throw new Error('ours')": "uncaught: ours",
    "console.error('ours')": "console: ours",
    "alert('ours')": "alert dialog: ours",
    "window.open('/arena')": "another window: ",
    "location.href = 'http://127.0.0.1:9/ours'": "request to another origin: http://127.0.0.1:9/ours",
    "fetch('http://127.0.0.1:9/ours')": "console: Connecting to 'http://127.0.0.1:9/ours'",
    "new Image().src = 'http://127.0.0.1:9/ours.png'": "console: Loading the image",
    "document.body.insertAdjacentHTML('beforeend', '<p>ours</p>')": "console: This document requires 'TrustedHTML'",
}


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_a_misdeed_is_noticed(misdeed: str, open_page: OpenPage, scripted: Scripted, watches: list[Watch]) -> None:
    page = open_page(scripted.address, "/arena")
    page.evaluate(f"() => void setTimeout(() => {{ {misdeed} }})")
    page.wait_for_timeout(300)
    found, watches[0].problems = watches[0].problems, []
    assert any(each.startswith(MISDEEDS[misdeed]) for each in found), found


def test_a_page_that_is_not_accessible_is_noticed(open_page: OpenPage, scripted: Scripted) -> None:
    page = open_page(scripted.address, "/arena")
    page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")
    assert any(each.startswith("label: ") for each in violations(page))


def test_a_page_that_scrolls_sideways_is_noticed(open_page: OpenPage, scripted: Scripted) -> None:
    page = open_page(scripted.address, "/arena", width=320)
    expect(page.locator("main")).to_be_visible()
    page.evaluate("() => document.querySelector('main').append('unbroken'.repeat(9), document.createElement('pre'))")
    assert_no_sideways_scrolling(page)
    page.evaluate("() => { document.querySelector('pre').textContent = 'unbroken'.repeat(9) }")
    with pytest.raises(AssertionError):
        assert_no_sideways_scrolling(page)
