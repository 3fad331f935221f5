"""What the console shows of a gateway that runs: streams, log, metrics, recordings and their replay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.console_gateway import ConsoleGateway, console_gateway
from tests.browser.scripted import Gate, Refusal
from tests.browser.test_console import apply, editor, field, signed_in
from tests.browser.watching import Watch

pytestmark = pytest.mark.exhaustive

HOSTILE = '<img src=x onerror="alert(1)">\u202e<script>alert(2)</script>'
HARMLESS = '<img src=x onerror="alert(1)">[U+202E]<script>alert(2)</script>'


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleGateway]:
    with console_gateway(tmp_path_factory.mktemp("console")) as found:
        yield found


@pytest.fixture
def gateway(module_gateway: ConsoleGateway) -> ConsoleGateway:
    module_gateway.service.forget()
    module_gateway.service.say("first-model", ["Hello", " from the first."])
    module_gateway.service.say("other-model", ["Hello", " from the other."])
    return module_gateway


def go(page: Page, view: str) -> None:
    page.evaluate("(view) => { location.hash = view }", view)


def test_streams_appear_while_they_run_and_when_they_have_ended(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    gate = Gate()
    gateway.service.say("first-model", ["One", gate, " two", " three"])
    page = signed_in(open_page, gateway, "streams")
    expect(page.locator(".empty, table.streams td").first).to_be_visible()  # it listens
    running = gateway.ask_in_background()
    row = page.locator("table.streams tbody tr").first
    expect(row).to_contain_text("streaming")
    expect(row).to_contain_text("gpt-4o → first-model")
    gate.open()
    running.text()
    expect(row).to_contain_text("complete 200")
    expect(row).to_contain_text("7 / 3")
    expect(row).to_contain_text("openai")
    row.get_by_role("button", name="Details").click()
    details = page.locator(".stream-details").first
    expect(details).to_contain_text("POST /v1/chat/completions")
    expect(details).to_contain_text("models.test")
    page.get_by_placeholder("Find by model").fill("no such model")
    expect(row).to_have_count(0)
    page.get_by_placeholder("Find by model").fill("first-model")
    expect(row).to_be_visible()


def test_a_held_table_stays_as_it_is(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    gateway.ask()
    page = signed_in(open_page, gateway, "streams")
    rows = page.locator("table.streams tbody tr:not(.stream-details)")
    expect(rows.first).to_be_visible()
    count = rows.count()
    page.get_by_role("button", name="Hold the table").click()
    gateway.ask("another")
    expect(page.get_by_text("The table is held")).to_be_visible()
    go(page, "overview")
    expect(page.locator(".figures")).to_contain_text("Requests")
    go(page, "streams")
    assert rows.count() == count
    page.get_by_role("button", name="Follow again").click()
    expect(rows).to_have_count(count + 1)


def test_hostile_names_and_lines_are_texts(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "streams")
    gateway.ask(HOSTILE)
    gateway.ask("javascript:alert(3)")
    gateway.ask(headers={"x-raise": HOSTILE.replace("\u202e", "")})
    expect(page.locator("table.streams")).to_contain_text(f"{HARMLESS} → other-model")
    expect(page.locator("table.streams")).to_contain_text("javascript:alert(3)")
    go(page, "log")
    line = page.locator(".log-error").last
    expect(line).to_contain_text("<script>alert(2)</script>")
    assert page.locator("main img, main script, main a[href^='javascript']").count() == 0


def test_a_traceback_is_folded_and_lines_are_found(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    gateway.ask(headers={"x-raise": "the reason of this test"})
    gateway.ask(headers={"x-log": "a line of the plugin"})
    page = signed_in(open_page, gateway, "log")
    error = page.locator(".log-error", has_text="the reason of this test").last
    expect(error).to_be_visible()
    traceback = error.locator("pre")
    expect(traceback).to_be_hidden()
    error.locator("summary").click()
    expect(traceback).to_contain_text("on_request_headers")
    expect(page.locator(".log-warning", has_text="a line of the plugin").last).to_be_visible()
    page.get_by_label("Level").select_option("error")
    expect(page.locator(".log-warning").last).to_be_hidden()
    page.get_by_placeholder("Find in lines").fill("no such line")
    expect(page.get_by_text("No line is like that.")).to_be_visible()


def test_metrics_are_drawn_and_written(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "metrics")
    gateway.ask()
    chart = page.locator(".chart", has=page.get_by_role("heading", name="Requests per second"))
    expect(chart.locator("path.line-0")).to_be_attached()
    expect(chart.locator("figcaption")).to_contain_text("all: now")
    chart.get_by_text("As a table").click()
    expect(chart.locator("tbody tr").first).to_be_visible()
    page.get_by_text("All metrics").click()
    page.get_by_placeholder("Find by name or label").fill("proxywasm_requests_total")
    expect(page.locator("tr:visible", has_text="proxywasm_requests_total").first).to_contain_text('route="chat"')


def test_a_recorded_stream_is_replayed_with_what_serves_and_with_an_edit(
    open_page: OpenPage, gateway: ConsoleGateway
) -> None:
    page = signed_in(open_page, gateway, "streams")
    page.get_by_label("Streams to record").fill("1")
    page.get_by_role("button", name="Record streams").click()
    expect(page.get_by_text("Recording: 1 streams are left")).to_be_visible()
    gateway.ask()
    expect(page.get_by_role("button", name="Record streams")).to_be_visible()
    page.get_by_role("link", name="Recordings", exact=True).first.click()
    page.locator("main table a").first.click()
    rows = page.locator("table.chunks tbody tr")
    expect(rows.filter(has_text="response body").first).to_contain_text("Hello")
    expect(page.locator(".side")).to_contain_text("Who are you?")
    page.get_by_role("button", name="Replay with what serves").click()
    expect(page.locator(".notice.good")).to_contain_text("Nothing differs")
    expect(page.locator(".side")).to_have_count(2)
    expect(page.get_by_role("columnheader", name="Client side, replayed")).to_be_visible()

    address = page.url.partition("#")[2]
    go(page, "configuration/1")
    field(page, "modelMapping.gpt-4o").locator("input").last.fill("second-model")
    page.keyboard.press("Tab")
    expect(editor(page)).to_contain_text("second-model")
    go(page, address)
    page.get_by_role("button", name="Replay with my edit").click()
    differences = page.locator(".notice.warn table")
    expect(differences).to_contain_text("first-model")
    expect(differences).to_contain_text("second-model")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing has been recorded yet.")).to_be_visible()


def test_health_says_which_token_is_down(open_page: OpenPage, gateway: ConsoleGateway) -> None:
    page = signed_in(open_page, gateway, "health")
    expect(page.get_by_text("Nothing is kept")).to_be_visible()
    go(page, "configuration/1")
    editor(page).locator(".cm-line", has_text="type: openai").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("failover: {enabled: true, healthCheckModel: m, failureThreshold: 1, healthCheckInterval: 60000")
    expect(page.get_by_text("The text can be applied.")).to_be_visible()
    apply(page)
    gateway.service.say("other-model", [Refusal(401, "this key is not known")])
    gateway.ask("another")
    go(page, "health")
    expect(page.locator("main")).to_contain_text("Tokens of model services")
    expect(page.locator("main table")).to_contain_text("masked-apiTokens-")
    expect(page.locator("main table")).to_contain_text("down")


def test_a_gateway_that_ends_is_said_to_be_silent(open_page: OpenPage, watches: list[Watch], tmp_path: Path) -> None:
    with console_gateway(tmp_path) as ending:
        page = signed_in(open_page, ending, "overview")
        expect(page.get_by_text("Configuration 1 serves")).to_be_visible()
    expect(page.get_by_text("The gateway does not answer")).to_be_visible()
    page.close()
    problems = watches[0].problems
    assert all("net::ERR" in problem for problem in problems)  # Chromium's own messages
    problems.clear()
