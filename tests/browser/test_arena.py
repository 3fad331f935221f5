"""The arena in front of models that say what a test gives them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.accessibility import assert_accessible, assert_no_sideways_scrolling
from tests.browser.conftest import OpenPage
from tests.browser.scripted import Break, Gate, Refusal, Scripted

pytestmark = pytest.mark.exhaustive


@pytest.fixture
def two(scripted: Scripted) -> Scripted:
    """Two models that answer at once."""
    scripted.say("first-model", ["Hello", " from the first."])
    scripted.say("second-model", ["Hello", " from the second."])
    return scripted


def play(page: Page, *, mode: str = "talk", blind: bool = True, rounds: int = 1, questions: int = 1) -> None:
    """What a user chooses in the setup, and the button."""
    page.get_by_text("Talk" if mode == "talk" else "Side by side", exact=True).click()
    page.get_by_label("Blind").set_checked(blind)
    if mode == "talk":
        page.get_by_label("Rounds").fill(str(rounds))
        page.get_by_label("Questions a round").fill(str(questions))
    page.get_by_role("button", name="Play").click()


def turns(page: Page) -> Locator:
    return page.get_by_role("article")


def texts(page: Page) -> Locator:
    """What is said, without reasoning."""
    return page.locator("article .bubble > .markdown")


def over(page: Page) -> None:
    """Wait until nothing is said any more."""
    expect(page.get_by_role("button", name="New match")).to_be_visible()  # it has begun
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


def opened(open_page: OpenPage, service: Scripted, **of_profile: Any) -> Page:
    page = open_page(service.address, "/arena", **of_profile)
    expect(page.get_by_role("combobox").first).to_have_value("first-model")
    return page


def test_side_by_side_both_seats_show_each_piece_as_it_comes(open_page: OpenPage, scripted: Scripted) -> None:
    gates = [Gate(), Gate()]
    scripted.say("first-model", ["One", gates[0], " two"])
    scripted.say("second-model", ["Uno", gates[1], " due"])
    page = opened(open_page, scripted)
    play(page, mode="same", blind=False)
    expect(texts(page).nth(0)).to_have_text("One")
    expect(texts(page).nth(1)).to_have_text("Uno")
    assert [turn.get_attribute("aria-busy") for turn in turns(page).all()] == ["true", "true"]
    gates[1].open()
    expect(texts(page).nth(1)).to_have_text("Uno due")
    expect(turns(page).nth(1)).to_have_attribute("aria-busy", "false")
    expect(texts(page).nth(0)).to_have_text("One")
    gates[0].open()
    expect(texts(page).nth(0)).to_have_text("One two")
    over(page)


def test_in_a_talk_each_hears_the_other(open_page: OpenPage, scripted: Scripted) -> None:
    scripted.say("first-model", ["q1"], ["q2"], ["a3"], ["a4"])
    scripted.say("second-model", ["a1"], ["a2"], ["q3"], ["q4"])
    page = opened(open_page, scripted)
    page.get_by_label("Role (system prompt)").nth(0).fill("You are {me}. {other} is there. {unknown}")
    page.get_by_label("Role (system prompt)").nth(1).fill("")
    page.get_by_label("Before each question").fill("{round}/{rounds} {question}/{questions} {me} {other}")
    play(page, blind=False, rounds=2, questions=2)
    over(page)
    assert texts(page).all_inner_texts() == ["q1", "a1", "q2", "a2", "q3", "a3", "q4", "a4"]
    system = {"role": "system", "content": "You are Ink. Jade is there. {unknown}"}
    by_first = [system, *chat("1/2 1/2 Ink Jade", "q1", "a1\n\n1/2 2/2 Ink Jade", "q2", "a2\n\nq3", "a3", "q4", "a4")]
    by_second = chat("q1", "a1", "q2", "a2", "2/2 1/2 Jade Ink", "q3", "a3\n\n2/2 2/2 Jade Ink", "q4")
    sent: dict[str, list[Any]] = {"first-model": [], "second-model": []}
    for request in scripted.requests:
        sent[request["model"]].append(request["messages"])
    assert sent["first-model"] == [by_first[:length] for length in (2, 4, 6, 8)]
    assert sent["second-model"] == [by_second[:length] for length in (1, 3, 5, 7)]


def chat(*texts: str) -> list[dict[str, str]]:
    """Of the user and the assistant in turn."""
    return [{"role": "user" if place % 2 == 0 else "assistant", "content": text} for place, text in enumerate(texts)]


def test_side_by_side_nobody_hears_the_other(open_page: OpenPage, two: Scripted) -> None:
    page = opened(open_page, two)
    page.get_by_text("Side by side", exact=True).click()
    page.get_by_label("Prompt", exact=True).fill("First prompt")
    play(page, mode="same", blind=False)
    page.get_by_label("Next prompt").fill("Second prompt")
    page.keyboard.press("Enter")
    expect(turns(page)).to_have_count(4)
    over(page)
    told = [request["messages"] for request in two.requests]
    assert sorted(map(json.dumps, told[:2])) == [json.dumps(chat("First prompt"))] * 2
    assert sorted(json.dumps(each) for each in told[2:]) == [
        json.dumps(chat("First prompt", f"Hello from the {which}.", "Second prompt")) for which in ("first", "second")
    ]


def test_tokens_and_the_time_to_the_first_one_are_shown_for_each_seat(open_page: OpenPage, two: Scripted) -> None:
    page = opened(open_page, two)
    play(page, blind=False)
    over(page)
    for seat in page.locator(".seat").all():
        expect(seat.locator("li").nth(0)).to_have_text("2 tokens")
        expect(seat.locator("li").nth(1)).to_have_text(re.compile(r"^first token \d+ ms$"))


def test_in_a_blind_match_nothing_on_the_page_says_who_sits_where(open_page: OpenPage, two: Scripted) -> None:
    page = opened(open_page, two)
    play(page)
    over(page)
    assert not re.search("(first|second)-model", page.locator("body").inner_html())
    sits_first = two.requests[0]["model"]
    page.get_by_role("radio").nth(0).check()
    page.get_by_role("button", name="Vote and reveal").click()
    expect(page.locator(".reveal li").nth(0)).to_contain_text(sits_first)
    expect(page.locator(".seat").nth(0)).to_contain_text(sits_first)
    right = sits_first == "first-model"  # the vote was: the first seat is the first player
    expect(page.locator(".result h2")).to_have_text("Right!" if right else "Not this time.")
    expect(page.locator(".result")).to_contain_text("1 of 1" if right else "0 of 1")


def test_seats_of_blind_matches_are_drawn_by_lot(open_page: OpenPage, two: Scripted) -> None:
    page = opened(open_page, two)
    seen = set()
    for _ in range(40):
        play(page)
        over(page)
        seen.add(two.requests[-2]["model"])
        page.get_by_role("button", name="New match").click()
        if len(seen) == 2:
            return
    pytest.fail(f"only {seen} sat in the first seat")


def test_without_blind_seats_are_as_the_user_has_set_them(open_page: OpenPage, two: Scripted) -> None:
    page = opened(open_page, two)
    for _ in range(5):
        play(page, blind=False)
        over(page)
        assert two.requests[-2]["model"] == "first-model"
        expect(page.locator(".seat").nth(0)).to_contain_text("first-model")
        expect(page.locator(".vote")).to_have_count(0)
        page.get_by_role("button", name="New match").click()


def test_reveal_without_a_vote(open_page: OpenPage, two: Scripted) -> None:
    two.name("first-model", "really-another-model")
    page = opened(open_page, two)
    play(page)
    over(page)
    page.get_by_role("button", name="Reveal without a vote").click()
    expect(page.locator(".result h2")).to_have_text("The seats")
    expect(page.locator(".result")).to_contain_text("first-model, answered by really-another-model")
    expect(page.locator(".result")).to_be_focused()


def test_a_stopped_talk_goes_on_where_it_was(open_page: OpenPage, scripted: Scripted) -> None:
    scripted.say("first-model", ["q1"])
    scripted.say("second-model", ["half", Gate()], ["whole"])
    page = opened(open_page, scripted)
    play(page, blind=False)
    expect(texts(page).nth(1)).to_have_text("half")
    page.get_by_role("button", name="Stop").click()
    over(page)
    expect(turns(page).nth(1)).to_contain_text("Stopped")
    expect(texts(page).nth(1)).to_have_text("half")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".status")).to_have_text("The match is over.")
    assert texts(page).all_inner_texts() == ["q1", "whole"]


@pytest.mark.parametrize(
    "failure", [[Refusal(429, "slow down")], ["half", Break()], [{"content": ""}]], ids=["refusal", "break", "nothing"]
)
def test_a_failure_ends_a_talk_until_it_is_tried_again(
    open_page: OpenPage, scripted: Scripted, failure: list[Any]
) -> None:
    scripted.say("first-model", ["q1"], ["q2"])
    scripted.say("second-model", failure, ["a1"], ["a2"])
    page = opened(open_page, scripted)
    play(page, blind=False, questions=2)
    over(page)
    expect(turns(page)).to_have_count(2)
    expect(page.get_by_role("alert")).to_have_count(1)
    if isinstance(failure[0], Refusal):
        expect(page.get_by_role("alert")).to_contain_text("slow down")
    turns(page).nth(1).get_by_role("button", name="Try again").click()
    expect(page.locator(".status")).to_have_text("The match is over.")
    assert texts(page).all_inner_texts() == ["q1", "a1", "q2", "a2"]
    expect(page.get_by_role("alert")).to_have_count(0)


def test_side_by_side_a_failure_of_one_seat_leaves_the_other_alone(open_page: OpenPage, scripted: Scripted) -> None:
    gate = Gate()
    scripted.say("first-model", [Refusal(500, "broken")], ["repaired"])
    scripted.say("second-model", ["steady", gate, " on"])
    page = opened(open_page, scripted)
    play(page, mode="same", blind=False)
    expect(turns(page).nth(0).get_by_role("alert")).to_contain_text("broken")
    turns(page).nth(0).get_by_role("button", name="Try again").click()
    expect(texts(page).nth(0)).to_have_text("repaired")
    gate.open()
    expect(texts(page).nth(1)).to_have_text("steady on")
    over(page)


def test_a_match_that_was_left_asks_no_more(open_page: OpenPage, two: Scripted) -> None:
    gate = Gate()
    two.say("second-model", [gate, "late"])
    page = opened(open_page, two)
    play(page, blind=False, rounds=5)
    assert gate.reached.wait(30)
    page.get_by_role("button", name="New match").click()
    gate.open()
    two.say("second-model", ["new"])
    play(page, blind=False)
    over(page)
    assert texts(page).all_inner_texts() == ["Hello from the first.", "new"]
    assert len(two.requests) == 4


def test_the_key_of_the_user_goes_with_each_request_and_lasts_as_long_as_the_tab(
    open_page: OpenPage, two: Scripted
) -> None:
    page = opened(open_page, two)
    page.get_by_label("API key").fill("sk-of-the-user")
    page.get_by_label("API key").blur()
    page.reload()
    two.tokens.clear()
    expect(page.get_by_role("combobox").first).to_have_value("first-model")
    play(page, blind=False)
    over(page)
    assert set(two.tokens) == {"Bearer sk-of-the-user"}
    assert page.evaluate("JSON.stringify(localStorage)").count("sk-of-the-user") == 0
    assert page.evaluate("document.cookie") == ""


def test_what_is_missing_is_said_at_its_field(open_page: OpenPage, two: Scripted) -> None:
    page = opened(open_page, two)
    opening, rounds = page.get_by_label("Before each question"), page.get_by_label("Rounds")
    opening.fill("  ")
    rounds.fill("21")
    page.get_by_role("button", name="Play").click()
    expect(rounds).to_be_focused()
    expect(rounds).to_have_accessible_description("Between 1 and 20.")
    rounds.fill("1")
    page.get_by_role("button", name="Play").click()
    expect(opening).to_be_focused()
    expect(opening).to_have_attribute("aria-invalid", "true")
    assert two.requests == []


def test_a_match_needs_a_model_for_each_player(open_page: OpenPage, scripted: Scripted) -> None:
    page = open_page(scripted.address, "/arena")
    expect(page.get_by_role("combobox").first).to_have_text("Another model…")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_label("Name of the model").first).to_be_focused()
    expect(page.get_by_role("region", name="Player 1")).to_contain_text("This is needed.")
    page.get_by_label("Name of the model").first.fill("first-model")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("region", name="Player 1")).not_to_contain_text("This is needed.")
    expect(page.get_by_label("Name of the model").last).to_be_focused()
    assert scripted.requests == []


def test_a_click_before_the_models_are_listed_begins_one_match_when_they_are(
    open_page: OpenPage, two: Scripted
) -> None:
    two.list_gate = Gate()
    page = open_page(two.address, "/arena")
    page.get_by_label("Rounds").fill("1")
    page.get_by_label("Questions a round").fill("1")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Play").click()
    two.list_gate.open()
    over(page)
    assert len(two.requests) == 2


def test_texts_that_nobody_has_touched_follow_the_language(open_page: OpenPage, two: Scripted) -> None:
    page = opened(open_page, two)
    page.get_by_label("Nickname of seat 2").fill("Mine")
    page.get_by_role("button", name="切换到中文").click()
    expect(page.get_by_label("座位 1 的昵称")).to_have_value("墨")
    expect(page.get_by_label("座位 2 的昵称")).to_have_value("Mine")
    page.reload()
    expect(page.get_by_label("座位 1 的昵称")).to_have_value("墨")
    expect(page.get_by_label("座位 2 的昵称")).to_have_value("Mine")
    page.get_by_role("button", name="重置").click()
    expect(page.get_by_label("座位 2 的昵称")).to_have_value("玉")


@pytest.mark.parametrize("mode", ["talk", "same"])
def test_a_transcript_tells_what_the_page_tells(open_page: OpenPage, two: Scripted, mode: str, tmp_path: Path) -> None:
    page = opened(open_page, two)
    play(page, mode=mode)
    over(page)
    before = [saved(page, kind, tmp_path) for kind in ("Markdown", "JSON")]
    assert not any(re.search("(first|second)-model|pretender", text) for text in before)
    assert all("Hello from the second." in text for text in before)
    page.get_by_role("radio").nth(0).check()
    page.get_by_role("button", name="Vote and reveal").click()
    expect(page.locator(".seat .who").nth(0)).to_have_text(re.compile("model$"))
    sits_first = page.locator(".seat .who").nth(0).inner_text()
    markdown, document = saved(page, "Markdown", tmp_path), json.loads(saved(page, "JSON", tmp_path))
    assert document["seats"][0]["model"] == sits_first
    assert document["vote"]["right"] is (sits_first == "first-model")
    assert {turn["text"] for turn in document["turns"]} == {"Hello from the first.", "Hello from the second."}
    assert all(turn["output_tokens"] == 2 and turn["first_token_ms"] >= 0 for turn in document["turns"])
    assert re.search(f"^- \\*\\*Ink\\*\\*: .*`{sits_first}`$", markdown, re.MULTILINE)


def saved(page: Page, kind: str, folder: Path) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save as {kind}").click()
    file = folder / kind
    download.value.save_as(file)
    return file.read_text()


def test_a_match_by_the_keyboard_alone(open_page: OpenPage, two: Scripted) -> None:
    page = opened(open_page, two)
    gate = Gate()
    two.say("second-model", ["one"], ["half", gate], ["two"])
    reach(page, "Rounds")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    assert gate.reached.wait(30)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".status")).to_have_text("The match is over.")
    reach(page, "", selector="input[name=who]")
    page.keyboard.press("Space")
    reach(page, "", selector="input[name=better]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    reach(page, "", selector=".vote [type=submit]")
    page.keyboard.press("Enter")
    expect(page.locator(".result")).to_be_focused()
    expect(page.locator(".result")).to_contain_text("Both the same")


def reach(page: Page, label: str, *, selector: str = "") -> None:
    """Press Tab until the control has the focus, which is visible on the way."""
    wanted = page.locator(selector).first if selector else page.get_by_label(label)
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate(
            """() => {
                const found = document.activeElement;
                const shown = found.matches(".segments input") ? found.nextElementSibling : found;
                return found === document.body || getComputedStyle(shown).outlineStyle !== "none";
            }"""
        ), page.evaluate("document.activeElement.outerHTML")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    pytest.fail(f"Tab does not reach {label or selector}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mode", ["talk", "same"])
def test_the_page_is_accessible_at_each_stage(open_page: OpenPage, two: Scripted, mode: str, scheme: str) -> None:
    gate = Gate()
    two.say("second-model", ["Hello", gate, " from the second."], [Refusal(500, "broken")])
    page = opened(open_page, two, scheme=scheme)
    page.get_by_text("Talk" if mode == "talk" else "Side by side", exact=True).click()
    assert_accessible(page)
    play(page, mode=mode)
    expect(turns(page)).to_have_count(2 if mode == "same" else 1 + (two.requests[0]["model"] == "first-model"))
    assert_accessible(page)
    gate.open()
    over(page)
    assert_accessible(page)
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Vote and reveal").click()
    expect(page.locator(".result")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("mode", ["talk", "same"])
def test_a_narrow_screen_does_not_scroll_sideways(open_page: OpenPage, two: Scripted, mode: str, lang: str) -> None:
    two.say(
        "second-model", ["unbroken" * 40, "\n\n| " + "wide | " * 20 + "\n|" + " --- |" * 20, "\n\n```\n" + "x" * 500]
    )
    page = opened(open_page, two, width=320, height=640, lang=lang)
    page.locator(f"input[value={mode}]").check(force=True)
    assert_no_sideways_scrolling(page)
    page.locator(".choose [type=submit]").click()
    expect(page.locator(".vote")).to_be_visible()
    assert_no_sideways_scrolling(page)
    page.locator("input[name=who]").first.check()
    page.locator(".vote [type=submit]").click()
    expect(page.locator(".result")).to_be_visible()
    assert_no_sideways_scrolling(page)
