"""The article's game in `serve --demo`: ai-proxy in Wasm converts two services' protocols for two seats."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.exhaustive
SERVICES = {"gpt-4o": "qwen-max", "gpt-4": "gpt-4-0613"}
"""What a client asks for, and what answers."""


def models_of_chats(page: Page) -> list[str]:
    found: list[str] = []

    def on_request(request: Request) -> None:
        if request.method == "POST":
            body: Any = request.post_data_json
            found.append(body["model"])

    page.on("request", on_request)
    return found


@pytest.mark.parametrize(("lang", "play", "vote"), [("en", "Play", "Vote and reveal"), ("zh", "开始", "投票并揭晓")])
def test_one_click_plays_two_rounds_with_vote_and_reveal(
    demo: str, open_page: OpenPage, lang: str, play: str, vote: str
) -> None:
    page = open_page(demo, "/arena", lang=lang)
    asked = models_of_chats(page)
    expect(page.get_by_role("combobox").nth(0)).to_have_value("gpt-4o")
    expect(page.get_by_role("combobox").nth(1)).to_have_value("gpt-4")
    page.get_by_role("button", name=play).click()
    expect(page.locator(".vote")).to_be_visible(timeout=90_000)
    texts = page.locator("article .bubble > .markdown").all_inner_texts()
    assert len(set(texts)) == 12
    assert not any(name in text for name in SERVICES.values() for text in texts)
    # Who asks changes with the round: the first seat asks three times, then answers three times.
    assert asked == [asked[0], asked[1]] * 3 + [asked[1], asked[0]] * 3
    assert {*asked} == {*SERVICES}
    right = SERVICES[asked[0]] == "qwen-max"
    page.locator("input[name=who]").nth(0 if right else 1).check()
    page.get_by_role("button", name=vote).click()
    for seat in (0, 1):
        expect(page.locator(".reveal li").nth(seat)).to_contain_text(asked[seat])
        expect(page.locator(".reveal li").nth(seat)).to_contain_text(SERVICES[asked[seat]])
    expect(page.locator(".result h2")).to_have_text("Right!" if lang == "en" else "猜对了！")


def test_answers_come_token_by_token(demo: str, open_page: OpenPage) -> None:
    page = open_page(demo, "/arena")
    expect(page.get_by_role("combobox").nth(1)).to_have_value("gpt-4")
    page.get_by_text("Side by side", exact=True).click()
    page.get_by_role("button", name="Play").click()
    page.evaluate(
        """() => {
            window.lengths = [new Set(), new Set()];
            new MutationObserver(() => document.querySelectorAll("article .bubble > .markdown").forEach(
                (each, seat) => window.lengths[seat].add(each.textContent.length),
            )).observe(document.querySelector(".turns"), {subtree: true, childList: true, characterData: true});
        }"""
    )
    expect(page.locator(".vote")).to_be_visible()
    assert min(page.evaluate("window.lengths.map((each) => each.size)")) > 10
