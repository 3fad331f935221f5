"""The console for everyone: keyboard, screen reader, phone, dark colours, Chinese."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.accessibility import assert_accessible, assert_no_sideways_scrolling
from tests.browser.conftest import OpenPage
from tests.browser.console_gateway import TOKEN, ConsoleGateway, console_gateway
from tests.browser.test_console import editor, field, signed_in

pytestmark = pytest.mark.exhaustive

VIEWS = ["overview", "configuration/1", "history", "streams", "health", "metrics", "log", "recordings"]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleGateway]:
    with console_gateway(tmp_path_factory.mktemp("console")) as found:
        found.service.say("first-model", ["Hello", " from the first."])
        found.ask()
        found.ask(headers={"x-raise": "reason"})
        yield found


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: OpenPage, gateway: ConsoleGateway, view: str, scheme: str) -> None:
    page = signed_in(open_page, gateway, view, scheme=scheme)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for details in page.locator("main details").all()[:4]:
        details.locator("summary").first.click()
    page.wait_for_timeout(500)
    assert_accessible(page)


def test_axe_finds_nothing_where_one_signs_in(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = open_page(gateway.address, "/console")
    expect(page.locator("#token")).to_be_focused()
    assert_accessible(page)


@pytest.mark.parametrize("view", VIEWS)
def test_it_fits_a_small_phone(open_page: OpenPage, gateway: ConsoleGateway, view: str) -> None:
    page = signed_in(open_page, gateway, view, width=320, height=640)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(500)
    assert_no_sideways_scrolling(page)


def test_on_a_phone_form_and_text_are_one_after_the_other(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "configuration/1", width=320, height=640)
    expect(field(page, "type")).to_be_visible()
    expect(editor(page)).to_be_hidden()
    page.get_by_role("button", name="Text", exact=True).click()
    expect(editor(page)).to_be_visible()
    expect(field(page, "type")).to_be_hidden()
    page.get_by_role("button", name="Form", exact=True).click()
    field(page, "modelMapping.gpt-4o").locator("input").last.fill("second-model")
    page.get_by_role("button", name="Review and apply").click()
    expect(page.get_by_role("dialog").locator(".diff-one")).to_be_visible()
    assert_no_sideways_scrolling(page)


def test_the_keyboard_alone_is_enough(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = open_page(gateway.address, "/console")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    link = page.get_by_role("link", name="Configuration")
    for _ in range(20):
        page.keyboard.press("Tab")
        if link.evaluate("(link) => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Configuration")).to_be_focused()
    editor(page).focus()
    text = editor(page).inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")
    assert editor(page).inner_text() == text
    assert page.evaluate("document.activeElement.closest('.editor')") is None


def test_it_speaks_chinese(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "configuration/1", lang="zh")
    expect(page.get_by_role("heading", name="配置")).to_be_visible()
    expect(page.get_by_role("button", name="检查并应用")).to_be_visible()
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", name="Configuration")).to_be_visible()
    expect(page.get_by_role("button", name="Review and apply")).to_be_visible()
