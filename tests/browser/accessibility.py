"""axe-core, and what it does not find."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Page

WEB = Path(__file__).parents[2] / "web"
_SCRIPT = Path("node_modules", "axe-core", "axe.min.js")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def axe() -> str:
    """Its source: as `npm ci` has installed it in `web/`, or in a copy for this run."""
    if (WEB / _SCRIPT).is_file():
        return (WEB / _SCRIPT).read_text()
    npm = shutil.which("npm")
    assert npm, "this test needs npm, which comes with Node.js"
    with TemporaryDirectory(prefix="proxywasm-axe-") as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(WEB / name, folder)
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
        return (Path(folder) / _SCRIPT).read_text()


def violations(page: Page) -> list[str]:
    """Of the page as it is at the moment, each with the elements that it is about."""
    page.evaluate(axe())
    found: list[dict[str, Any]] = page.evaluate(
        "async (rules) => (await axe.run(document, {runOnly: rules})).violations", _RULES
    )
    return [f"{each['id']}: {each['help']}: {[node['html'] for node in each['nodes']]}" for each in found]


def assert_accessible(page: Page) -> None:
    found = violations(page)
    assert found == [], "\n".join(found)


def assert_no_sideways_scrolling(page: Page) -> None:
    """The page is as wide as its window, at most."""
    wide: list[str] = page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > width + 1)
                .map((each) => `${each.tagName}.${each.className}`);
        }"""
    )
    assert wide == [], wide
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
