"""Debian's Chromium, driven by Playwright: for the tests of the pages and for their screenshots."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Final, Literal

from playwright.sync_api import Browser, BrowserContext, sync_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS: Final = (
    "--no-sandbox",  # containers have none, and run as root; the pages are our own
    "--disable-background-networking",
    "--disable-dev-shm-usage",
)
_LOCALES: Final = {"en": "en-US", "zh": "zh-CN"}

Language = Literal["en", "zh"]
Scheme = Literal["light", "dark"]


def find_chromium() -> str | None:
    """The program, on the `PATH`."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextlib.contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """Nothing is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def profile(
    browser: Browser, *, lang: Language = "en", scheme: Scheme = "light", width: int = 1280, height: int = 800
) -> BrowserContext:
    """A new user, without anything stored, whose system has this language and these colours."""
    return browser.new_context(
        locale=_LOCALES[lang],
        color_scheme=scheme,
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
    )
