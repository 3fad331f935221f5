"""The pages of `serve --demo` open and do what they are for; everything else is in the tests on request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenPage
from tests.host.serve_process import free_port, serving


@pytest.fixture(scope="module")
def native_demo(browser: object) -> Iterator[str]:
    del browser  # without one nothing needs to start
    with serving("--demo", "--native", "--port", str(free_port())) as (_, address):
        yield address


def test_two_seats_answer_in_the_arena(native_demo: str, open_page: OpenPage) -> None:
    page = open_page(native_demo, "/arena")
    page.get_by_text("Side by side", exact=True).click()
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Vote and reveal")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(2)


def test_a_chat_is_answered_in_the_playground(native_demo: str, open_page: OpenPage) -> None:
    page = open_page(native_demo, "/playground")
    expect(page.locator("#model-playground")).to_have_value("gpt-4o")
    page.get_by_label("Message", exact=True).fill("<img src=x onerror=alert(1)>")
    page.keyboard.press("Enter")
    answer = page.get_by_role("article", name="gpt-4o")
    expect(answer).to_contain_text("I am qwen-max, a fake model")
    expect(answer).to_contain_text("You said: <img src=x onerror=alert(1)>")
