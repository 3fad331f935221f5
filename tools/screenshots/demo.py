"""The playground and the arena, in front of `serve --demo`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from playwright.sync_api import Page, expect

from tools.chromium import Language
from tools.screenshots.scenes import Scene, Server
from tools.screenshots.serving import free_port, serving

_GAME_SECONDS: Final = 120
_MARKDOWN: Final = {
    "en": "Show me Markdown with code, a table and a formula.",
    "zh": "用 Markdown 展示代码、表格和公式。",
}
_QUESTION: Final = {"en": "How do you stream?", "zh": "流式回答是怎样工作的？"}
_WEATHER: Final = {"en": "Hangzhou", "zh": "杭州"}
_TOOLS: Final = """[{"type": "function", "function": {"name": "get_weather", "parameters":
  {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]"""


@contextlib.contextmanager
def _demo() -> Iterator[str]:
    with serving("--demo", "--port", str(free_port())) as address:
        yield address


def _setup(page: Page, lang: Language) -> None:
    del lang
    expect(page.get_by_role("combobox").nth(1)).to_have_value("gpt-4")


def _match(page: Page, lang: Language) -> None:
    """While the second question is answered."""
    _setup(page, lang)
    page.locator(".choose [type=submit]").click()
    expect(page.get_by_role("article")).to_have_count(4)
    expect(page.locator("article .bubble > .markdown").nth(3)).to_contain_text("。" if lang == "zh" else ".")


def _vote(page: Page, lang: Language) -> None:
    """The game is over, and the reader has guessed."""
    _setup(page, lang)
    page.locator(".choose [type=submit]").click()
    expect(page.locator(".vote")).to_be_visible(timeout=_GAME_SECONDS * 1000)
    page.locator("input[name=who]").first.check()


def _chat(page: Page, lang: Language) -> None:
    """An answer with all that Markdown has."""
    page.get_by_text(_MARKDOWN[lang]).click()
    expect(page.locator("article.answer")).to_have_attribute("aria-busy", "false", timeout=_GAME_SECONDS * 1000)
    page.wait_for_load_state("networkidle")


def _tools(page: Page, lang: Language) -> None:
    """A model that reasons, and a call of a tool that waits for its result."""
    page.get_by_role("combobox").first.select_option("o4-mini")
    page.locator("#message").fill(_QUESTION[lang])
    page.keyboard.press("Enter")
    answers = page.locator("article.answer")
    expect(answers).to_have_attribute("aria-busy", "false", timeout=_GAME_SECONDS * 1000)
    answers.locator(".reasoning summary").click()
    page.get_by_role("combobox").first.select_option("claude-sonnet-4-5")
    page.locator("#setting-tools").evaluate("(each, text) => { each.value = text; }", _TOOLS)
    page.locator("#message").fill(_WEATHER[lang])
    page.keyboard.press("Enter")
    page.locator(".tool-answer textarea").fill('{"celsius": 21}')
    page.wait_for_load_state("networkidle")


SERVER: Final = Server(
    _demo,
    (
        Scene("playground", "/playground", _chat),
        Scene("playground-tools", "/playground", _tools),
        Scene("arena-setup", "/arena", _setup),
        Scene("arena", "/arena", _match),
        Scene("arena-vote", "/arena", _vote),
    ),
)
