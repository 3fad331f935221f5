"""Hostile models and services in the arena: nothing runs, nothing is loaded from elsewhere, and the page goes on.

`open_page` fails a test in which a script ran, a dialog opened, or a request left the origin.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.hostile import BIDI, MARKUP, MILLION
from tests.browser.scripted import Refusal, Scripted, Step
from tests.browser.test_arena import over, play, texts, turns

pytestmark = pytest.mark.exhaustive


def played(open_page: OpenPage, service: Scripted, answer: list[Step], *, mode: str = "same") -> Page:
    service.say("first-model", answer)
    service.say("second-model", ["harmless"])
    page = open_page(service.address, "/arena")
    expect(page.get_by_role("combobox").first).to_have_value("first-model")
    play(page, mode=mode, blind=False)
    over(page)
    return page


def responds(page: Page) -> None:
    """All that a user can do is still there."""
    page.get_by_role("button", name="New match").click()
    expect(page.get_by_role("button", name="Play")).to_be_focused()


@pytest.mark.parametrize("mode", ["talk", "same"])
def test_markup_in_answers_does_nothing(open_page: OpenPage, scripted: Scripted, mode: str) -> None:
    answer: list[Step] = [piece for text in MARKUP.values() for piece in (text[:9], text[9:], "\n\n")]
    reasoning: list[Step] = [{"reasoning_content": f"{text}\n\n"} for text in MARKUP.values()]
    page = played(open_page, scripted, [*reasoning, *answer, "the end"], mode=mode)
    turns(page).nth(0).get_by_text("Reasoning").click()
    expect(turns(page).nth(0)).to_contain_text("the end")
    for link in turns(page).get_by_role("link").all():
        assert (link.get_attribute("href") or "").startswith(("http:", "https:", "mailto:", "#")), link
    page.wait_for_timeout(500)
    responds(page)


@pytest.mark.parametrize("hostile", MARKUP)
def test_markup_in_errors_and_names_does_nothing(open_page: OpenPage, scripted: Scripted, hostile: str) -> None:
    text = MARKUP[hostile]
    scripted.name("second-model", text)
    scripted.say("first-model", ["unused"])
    scripted.say(text, ["listed"])
    page = played(open_page, scripted, [Refusal(500, text)])
    expect(turns(page).nth(0).get_by_role("alert")).to_contain_text(text.split("\n")[0][:20])
    page.wait_for_timeout(300)
    responds(page)


def test_directions_are_shown_and_have_no_effect(open_page: OpenPage, scripted: Scripted) -> None:
    scripted.name("second-model", BIDI)
    page = played(open_page, scripted, [BIDI])
    for shown in (texts(page).nth(0), page.locator(".seat").nth(1)):
        expect(shown).to_contain_text("safe[U+202E]gnp.exe[U+2066][U+2067]")
    assert page.locator("body").evaluate("(body) => /[\\u202a-\\u202e\\u2066-\\u2069]/.test(body.innerText)") is False


@pytest.mark.parametrize("unit", ["x", "word ", "<b>", "[a](", "| ", "> ", "`", "$a$ ", "行"])
def test_a_million_characters_leave_the_page_usable(open_page: OpenPage, scripted: Scripted, unit: str) -> None:
    piece = unit * (10_000 // len(unit))
    page = played(open_page, scripted, [piece] * (MILLION // len(piece)))
    expect(turns(page).nth(0)).to_have_attribute("aria-busy", "false")
    responds(page)
