"""Chromium, and gateways that serve the pages.

Playwright's event loop runs in the thread of the tests while a browser is there, so that nothing else could start a
loop of its own: each file has its own browser.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.scripted import Scripted, scripted_gateway
from tests.browser.watching import Watch
from tests.host.serve_process import free_port, serving

from tools.chromium import chromium, find_chromium, profile

OpenPage = Callable[..., Page]
"""`open_page(address, path="/arena", *, lang="en", scheme="light", width=1280, height=800)`"""
_SECONDS = 30
expect.set_options(timeout=_SECONDS * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("these tests need Chromium, in Debian the package `chromium`")
    with chromium(program) as found:
        yield found


@pytest.fixture
def watches() -> list[Watch]:
    """Of the pages that the test has opened."""
    return []


@pytest.fixture
def open_page(browser: Browser, watches: list[Watch]) -> Iterator[OpenPage]:
    """Opens pages, and fails the test if one of them did what it must not; see `Watch`."""
    with contextlib.ExitStack() as users:

        def opened(address: str, path: str, **of_profile: Any) -> Page:
            context = profile(browser, **of_profile)
            users.callback(context.close)
            context.set_default_timeout(_SECONDS * 1000)
            watches.append(Watch(context, f"http://{address}"))
            page = context.new_page()
            page.goto(f"http://{address}{path}")
            return page

        yield opened
        for watch in watches:
            assert watch.problems == []


@pytest.fixture(scope="module")
def demo(ai_proxy_component: Path) -> Iterator[str]:
    """Where `serve --demo` listens, with ai-proxy in Wasm."""
    assert ai_proxy_component.is_file()
    with serving("--demo", "--port", str(free_port())) as (_, address):
        yield address


@pytest.fixture(scope="module")
def scripted_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    with scripted_gateway(tmp_path_factory.mktemp("scripted")) as service:
        yield service


@pytest.fixture
def scripted(scripted_server: Scripted) -> Scripted:
    """A gateway in front of a service that answers with what the test gives it."""
    scripted_server.forget()
    return scripted_server
