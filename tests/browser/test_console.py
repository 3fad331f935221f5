"""The console in front of a gateway whose service says what a test gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.console_gateway import SECRET, TOKEN, ConsoleGateway, console_gateway
from tests.browser.scripted import Gate

pytestmark = pytest.mark.exhaustive

PROVIDER = "plugins.1.config.provider"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[ConsoleGateway]:
    with console_gateway(tmp_path) as found:
        found.service.say("first-model", ["Hello", " from the first."])
        found.service.say("second-model", ["Hello", " from the second."])
        found.service.say("other-model", ["Hello", " from the other."])
        yield found


def signed_in(open_page: OpenPage, gateway: ConsoleGateway, view: str = "overview", **of_profile: Any) -> Page:
    page = open_page(gateway.address, f"/console#{view}", **of_profile)
    page.locator("#token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation").last).to_be_visible()
    return page


def field(page: Page, key: str) -> Locator:
    """The setting of this key of the provider."""
    return page.locator(f'[data-place="{PROVIDER}.{key}"]')


def editor(page: Page) -> Locator:
    return page.locator(".cm-content")


def accept(page: Page) -> None:
    """CodeMirror takes no proposal in the first moment, in which somebody may press Enter for another reason."""
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")


def apply(page: Page) -> None:
    page.get_by_role("button", name="Review and apply").click()
    button = page.get_by_role("dialog").get_by_role("button", name="Apply")
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".notice.good")).to_contain_text("Applied")


def test_only_the_token_opens_it(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = open_page(gateway.address, "/console")
    page.locator("#token").fill("another token than that of the console")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("does not take this token")
    page.locator("#token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_text("Configuration 1 serves")).to_be_visible()
    expect(page.locator("main")).to_contain_text("/v1/…")
    page.reload()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert TOKEN not in page.evaluate("JSON.stringify(localStorage) + document.cookie + location.href")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#token")).to_be_visible()
    assert TOKEN not in page.evaluate("JSON.stringify(sessionStorage)")


def test_an_edit_is_for_the_next_stream_while_one_under_way_ends_as_it_began(
    open_page: OpenPage, gateway: ConsoleGateway
) -> None:
    gate = Gate()
    gateway.service.say("first-model", ["begun", gate, " and ended"])
    page = signed_in(open_page, gateway, "configuration/1")
    running = gateway.ask_in_background()
    assert gate.reached.wait(60)
    field(page, "modelMapping.gpt-4o").locator("input").last.fill("second-model")
    before = gateway.file.read_text()
    apply(page)
    assert gateway.file.read_text() == before.replace("first-model", "second-model")
    assert " from the second." in gateway.ask()
    gate.open()
    assert " and ended" in running.text()
    assert [each["model"] for each in gateway.service.requests] == ["first-model", "second-model"]
    expect(page.locator(".notice.good")).to_contain_text("configuration 2")


def test_a_bad_edit_is_refused_at_its_field_and_its_line(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "configuration/1")
    before = gateway.file.read_text()
    page.get_by_text("Further settings").first.click()
    page.get_by_placeholder("Find a setting").first.fill("providerDomain")
    domain = field(page, "providerDomain")
    domain.locator("input").fill("no host")
    problem = page.locator(".problem-link")
    expect(problem).to_contain_text("line 19")
    expect(problem).to_contain_text(f"{PROVIDER}.providerDomain")
    expect(domain.locator(".problem")).to_be_visible()
    expect(domain.locator("input")).to_have_attribute("aria-invalid", "true")
    message = domain.locator(".problem").inner_text()
    page.locator(".cm-lint-marker-error").hover()
    expect(page.locator(".cm-tooltip-lint")).to_contain_text(message)
    problem.click()
    expect(domain.locator("input")).to_be_focused()
    page.get_by_role("button", name="Review and apply").click()
    expect(page.get_by_role("dialog")).to_contain_text("cannot be applied")
    expect(page.get_by_role("dialog")).to_contain_text(message)
    expect(page.get_by_role("dialog").get_by_role("button", name="Apply")).to_be_disabled()
    page.keyboard.press("Escape")
    assert gateway.file.read_text() == before
    page.get_by_role("button", name="Discard changes").click()
    expect(problem).to_have_count(0)
    expect(editor(page)).not_to_contain_text("no host")


def test_what_the_schema_does_not_have_is_a_warning_in_form_and_text(
    open_page: OpenPage, gateway: ConsoleGateway
) -> None:
    page = signed_in(open_page, gateway, "configuration/1")
    editor(page).locator(".cm-line", has_text="type: openai").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("timeuot: 5")
    expect(field(page, "timeuot").locator(".warning")).to_contain_text("does not know this key")
    expect(page.locator(".cm-lint-marker-warning")).to_be_visible()
    expect(page.get_by_text("The text can be applied.")).to_be_visible()


def test_the_editor_proposes_keys_and_values_and_the_form_follows(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "configuration/1")
    editor(page).locator(".cm-line", has_text="type: openai").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("proto")
    proposals = page.locator(".cm-tooltip-autocomplete")
    expect(proposals).to_contain_text("protocol")
    expect(page.locator(".cm-completionInfo")).to_contain_text("protocol of the clients")
    accept(page)
    page.keyboard.press("Control+Space")
    expect(proposals).to_contain_text("original")
    page.keyboard.type("orig")
    accept(page)
    expect(field(page, "protocol").locator("option:checked")).to_have_text("original")
    expect(page.get_by_text("The text can be applied.")).to_be_visible()
    field(page, "protocol").locator("select").select_option(label="openai")
    expect(editor(page)).to_contain_text("protocol: openai")
    editor(page).click()
    page.keyboard.press("Control+z")
    expect(field(page, "protocol").locator("option:checked")).to_have_text("original")


def test_a_secret_is_replaced_and_never_shown(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    answers: list[str] = []
    page = open_page(gateway.address, "/console#configuration/1")
    page.on(
        "response",
        lambda answer: (
            answers.append(answer.text()) if "/console/api/" in answer.url and "events" not in answer.url else None
        ),
    )
    page.locator("#token").fill(TOKEN)
    page.keyboard.press("Enter")
    tokens = field(page, "apiTokens")
    expect(tokens).to_contain_text("A secret that is not shown")
    expect(editor(page)).to_contain_text("masked-apiTokens-")
    field(page, "modelMapping.gpt-4o").locator("input").last.fill("second-model")
    apply(page)
    assert SECRET in gateway.file.read_text()
    tokens.get_by_role("button", name="Replace").click()
    expect(tokens.locator("input")).to_have_attribute("type", "password")
    tokens.locator("input").fill("sk-another-one-0123456789")
    apply(page)
    assert SECRET not in gateway.file.read_text()
    assert "sk-another-one-0123456789" in gateway.file.read_text()
    expect(editor(page)).to_contain_text("masked-apiTokens-")
    expect(tokens).to_contain_text("A secret that is not shown")
    for view in ("overview", "history", "log"):
        page.goto(f"http://{gateway.address}/console#{view}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert SECRET not in page.content()
        assert "sk-another-one" not in page.content()
    assert SECRET not in "".join(answers)
    assert "sk-another-one" not in "".join(answers)


def test_entries_are_added_renamed_and_removed(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "configuration/1")
    field(page, "modelMapping").get_by_role("button", name="Add an entry to modelMapping").click()
    expect(page.locator(f"[id='setting-{PROVIDER}.modelMapping.new-key']")).to_be_focused()
    page.keyboard.type("claude-*")
    page.keyboard.press("Tab")
    page.keyboard.type("second-model")
    page.keyboard.press("Tab")
    expect(editor(page)).to_contain_text('"*": other-model, claude-*: second-model')
    field(page, "modelMapping").get_by_role("button", name="Remove *").click()
    expect(editor(page)).to_contain_text('{"gpt-4o": first-model, claude-*: second-model}   # who is who')
    page.get_by_text("Further settings").first.click()
    page.get_by_placeholder("Find a setting").first.fill("failover")
    page.get_by_role("button", name="Set failover").click()
    field(page, "failover").get_by_text("Further settings").click()
    field(page, "failover.enabled").locator("select").select_option(label="true")
    expect(editor(page)).to_contain_text("enabled: true")
    expect(field(page, "failover.healthCheckModel")).to_contain_text("required")
    expect(page.locator(".problem-link")).to_contain_text("healthCheckModel")


def test_history_shows_what_has_changed_and_leads_back(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "configuration/1")
    original = gateway.file.read_text()
    field(page, "modelMapping.gpt-4o").locator("input").last.fill("second-model")
    apply(page)
    page.get_by_role("link", name="History").click()
    entries = page.locator("ol.history > li")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("the file now")
    entries.last.get_by_text("Difference from the file now").click()
    expect(entries.last.locator(".diff-two mark").first).to_have_text("second")
    expect(entries.last.locator(".diff-two mark").last).to_have_text("first")
    entries.last.get_by_role("button", name=re.compile("Roll back")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".diff")).to_be_visible()
    page.keyboard.press("Escape")
    assert gateway.file.read_text() != original
    entries.last.get_by_role("button", name=re.compile("Roll back")).click()
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator(".notice.good")).to_contain_text("configuration 3")
    assert gateway.file.read_text() == original
    expect(entries).to_have_count(3)
    expect(entries.first).to_contain_text("rolled back")
    assert " from the first." in gateway.ask()
    page.get_by_role("link", name="Configuration").click()
    expect(field(page, "modelMapping.gpt-4o").locator("input").last).to_have_value("first-model")


def test_a_file_that_was_changed_elsewhere_is_not_overwritten(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "configuration/1")
    mapping = field(page, "modelMapping.gpt-4o").locator("input").last
    expect(mapping).to_have_value("first-model")
    gateway.file.write_text(gateway.file.read_text().replace("other-model", "an-other-model"))
    expect(editor(page)).to_contain_text("an-other-model")  # without changes, the page follows the file
    mapping.fill("second-model")
    page.keyboard.press("Tab")
    expect(editor(page)).to_contain_text("second-model")
    gateway.file.write_text(gateway.file.read_text().replace("an-other-model", "a-third-model"))
    expect(page.get_by_text("The file was changed elsewhere")).to_be_visible()
    page.get_by_role("button", name=re.compile("Keep my text")).click()
    page.get_by_role("button", name="Review and apply").click()
    expect(page.get_by_role("dialog").locator(".diff")).to_contain_text("a-third-model")
    page.keyboard.press("Escape")
    assert "a-third-model" in gateway.file.read_text()
    page.get_by_role("button", name="Discard changes").click()
    expect(editor(page)).to_contain_text("a-third-model")
    expect(mapping).to_have_value("first-model")
