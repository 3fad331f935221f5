"""The console beside Envoy has what Envoy tells, and says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenPage
from tests.host.gateway.console.running import TOKEN, running
from tests.host.serve_process import free_port

from proxywasm_host.gateway.envoy import EnvoyError, find_envoy

pytestmark = [pytest.mark.envoy, pytest.mark.usefixtures("envoy"), pytest.mark.exhaustive]


@pytest.fixture(scope="module")
def envoy() -> None:
    try:
        find_envoy()
    except EnvoyError as error:
        pytest.skip(str(error))


def test_it_shows_what_envoy_has_and_applies_an_edit(open_page: OpenPage, tmp_path: Path) -> None:
    own = free_port()
    with running(tmp_path, more=f"  listen: 127.0.0.1:{own}", engine="envoy") as console:
        page = open_page(f"127.0.0.1:{own}", "/console")
        page.locator("#token").fill(TOKEN)
        page.keyboard.press("Enter")
        views = page.get_by_role("navigation", name="Views")
        names = views.locator(".view-link > span:not(.dirty)")
        expect(names).to_have_text(["Overview", "Configuration", "History", "Metrics", "Log"])
        expect(views).to_contain_text("Not in Envoy: Streams, Health and limits, Recordings")
        expect(page.locator("main")).to_contain_text("only in proxywasm serve")
        views.get_by_role("link", name="Configuration").click()
        editor = page.locator(".cm-content")
        expect(editor).to_contain_text("masked-apiTokens-")
        before = console.path.read_text()
        editor.locator(".cm-line", has_text="version: gen1").click()
        page.keyboard.press("Home")
        page.keyboard.press("Shift+End")
        page.keyboard.type("version: gen2   # changed in Chromium")
        page.get_by_role("button", name="Review and apply").click()
        page.get_by_role("dialog").get_by_role("button", name="Apply").click()
        expect(page.locator(".notice.good")).to_contain_text("configuration 2")
        assert console.path.read_text() == before.replace(
            "version: gen1   # shown in answers", "version: gen2   # changed in Chromium"
        )
        views.get_by_role("link", name="Metrics").click()
        expect(page.locator(".chart figcaption").first).to_contain_text("all: now")
