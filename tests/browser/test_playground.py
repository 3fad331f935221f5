"""The playground in a browser."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import assert_accessible, assert_no_sideways_scrolling
from tests.browser.conftest import OpenPage
from tests.browser.hostile import MILLION
from tests.browser.scripted import Break, Gate, Refusal, Scripted, Step

pytestmark = pytest.mark.exhaustive
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE = """<img src=x onerror="alert(1)"><script>alert(2)</script> <svg onload=alert(3)>

[a link](javascript:alert(4)) [data](data:text/html,<script>alert(5)</script>) ![image](https://elsewhere.test/a.png)
<a href="javascript:alert(6)" onclick="alert(7)">b</a> <iframe src="https://elsewhere.test"></iframe>

| <img src=x onerror=alert(8)> | \u202egnp.exe |
| --- | --- |
| `<b>` | <style>body{display:none}</style> |

```html" onmouseover="alert(9)
<script>alert(10)</script>
```

$\\href{javascript:alert(11)}{x}$ <form action="https://elsewhere.test"><input name=a></form>
<base href="//elsewhere.test">
"""
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]


def tool_calls(*calls: tuple[str, str]) -> dict[str, Any]:
    return {
        "tool_calls": [
            {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": text}}
            for index, (name, text) in enumerate(calls)
        ]
    }


def ask(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def answers(page: Page) -> Any:
    return page.locator("article.answer")


def ended(page: Page, count: int = 1) -> Any:
    """The newest answer, when it is complete and there are so many."""
    expect(page.locator('article.answer[aria-busy="false"]')).to_have_count(count, timeout=30_000)
    return answers(page).last


def test_an_answer_of_the_demo_arrives_piece_by_piece(demo: str, open_page: OpenPage) -> None:
    page = open_page(demo, "/playground")
    expect(page.locator("select#model-playground option")).to_contain_text(["gpt-4o", "o4-mini"])
    ask(page, "Show me Markdown with code, a table and a formula.")
    expect(answers(page).locator("h3")).to_be_visible()
    expect(answers(page)).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    answer = ended(page)
    expect(answer.locator("table td")).not_to_have_count(0)
    expect(answer.locator("figure.code .hljs-keyword").first).to_be_visible()
    expect(answer.locator(".katex").first).to_be_visible()
    expect(answer.locator(".formula-error")).to_have_count(0)
    expect(answer.locator(".numbers")).to_contain_text(re.compile(r"\d+ tokens.*first token [\d,]+ ms.*tokens/s"))
    assert_accessible(page)


def test_a_stream_is_shown_before_it_ends_and_stopped(scripted: Scripted, open_page: OpenPage) -> None:
    gate = Gate()
    scripted.say("a", ["One", " two", gate, " three"], ["Again"])
    page = open_page(scripted.address, "/playground")
    ask(page, "Count")
    expect(answers(page).locator(".markdown").last).to_have_text("One two")
    page.get_by_role("button", name="Stop").click()
    answer = ended(page)
    expect(answer).to_contain_text("Stopped")
    expect(answer.locator(".markdown").last).to_have_text("One two")
    gate.open()
    answer.get_by_role("button", name="Retry").click()
    expect(ended(page).locator(".markdown").last).to_have_text("Again")
    assert [each["messages"] for each in scripted.requests] == [[{"role": "user", "content": "Count"}]] * 2


def test_a_message_is_edited_and_what_followed_it_is_gone(scripted: Scripted, open_page: OpenPage) -> None:
    scripted.say("a", ["One"], ["Two"], ["Three"])
    page = open_page(scripted.address, "/playground")
    ask(page, "first")
    ended(page)
    ask(page, "second")
    ended(page, 2)
    page.get_by_role("button", name="Edit").first.click()
    page.get_by_label("Message", exact=True).first.fill("changed")
    page.keyboard.press("Enter")
    expect(ended(page, 1)).to_contain_text("Three")
    assert [each["content"] for each in scripted.requests[1]["messages"]] == ["first", "One", "second"]
    assert scripted.requests[2]["messages"] == [{"role": "user", "content": "changed"}]


def test_images_are_chosen_pasted_and_sent(scripted: Scripted, open_page: OpenPage) -> None:
    scripted.say("a", ["Seen"])
    page = open_page(scripted.address, "/playground")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": PIXEL}
    page.locator('input[type="file"]').set_input_files(file)  # type: ignore[arg-type]
    page.get_by_label("Message", exact=True).evaluate(
        """(input, data) => {
            const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "b.png", {type: "image/png"}));
            transfer.items.add(new File(["no"], "c.txt", {type: "text/plain"}));
            input.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
        }""",
        base64.b64encode(PIXEL).decode(),
    )
    expect(page.locator(".thumbnail")).to_have_count(2)
    expect(page.locator(".composer-problem")).to_contain_text("c.txt")
    page.get_by_role("button", name="Remove image 1").click()
    ask(page, "What is it?")
    ended(page)
    expect(page.locator(".user img")).to_have_count(1)
    url = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    assert scripted.requests[0]["messages"][0]["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": url}},
    ]


def test_a_call_of_a_tool_is_answered_by_hand(scripted: Scripted, open_page: OpenPage) -> None:
    calls = tool_calls(("get_weather", '{"city": "Hangzhou"}'), ("get_time", "{}"))
    scripted.say("a", [calls], ["It is warm."])
    page = open_page(scripted.address, "/playground")
    page.get_by_label("Tools").fill("{")
    ask(page, "Weather?")
    expect(page.get_by_label("Tools")).to_be_focused()
    expect(page.locator(".settings .problem:visible")).to_contain_text("is not JSON")
    page.get_by_label("Tools").fill(json.dumps(TOOLS))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(ended(page)).to_contain_text("get_weather")
    page.get_by_label("Result").nth(0).fill('{"celsius": 21}')
    page.get_by_label("Result").nth(1).fill("noon")
    page.get_by_role("button", name="Send results").click()
    expect(ended(page, 2)).to_contain_text("It is warm.")
    assert scripted.requests[0]["tools"] == TOOLS
    assistant, *results = scripted.requests[1]["messages"][1:]
    assert [each["id"] for each in assistant["tool_calls"]] == ["call_0", "call_1"]
    assert results == [
        {"role": "tool", "tool_call_id": "call_0", "content": '{"celsius": 21}'},
        {"role": "tool", "tool_call_id": "call_1", "content": "noon"},
    ]


def test_reasoning_is_folded_and_not_sent_back(scripted: Scripted, open_page: OpenPage) -> None:
    scripted.say("a", [{"reasoning_content": "Let me "}, {"reasoning_content": "think."}, "Done"])
    page = open_page(scripted.address, "/playground")
    ask(page, "Think")
    answer = ended(page)
    expect(answer.get_by_text("Let me think.")).to_be_hidden()
    answer.get_by_text("Reasoning").click()
    expect(answer.get_by_text("Let me think.")).to_be_visible()
    ask(page, "More")
    ended(page, 2)
    assert scripted.requests[1]["messages"][1] == {"role": "assistant", "content": "Done"}


def test_settings_are_sent_and_last_as_long_as_the_tab(scripted: Scripted, open_page: OpenPage) -> None:
    scripted.say("a", ["Yes"])
    page = open_page(scripted.address, "/playground")
    page.get_by_label("System prompt").fill("Be brief.")
    page.get_by_label("Temperature").fill("0.5")
    page.get_by_label("Most tokens").fill("100")
    page.get_by_label("Stop at").fill("END\nSTOP")
    page.reload()
    ask(page, "Hello")
    ended(page)
    sent = scripted.requests[0]
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (sent["temperature"], sent["max_tokens"], sent["stop"]) == (0.5, 100, ["END", "STOP"])
    assert "top_p" not in sent
    page.get_by_label("Temperature").fill("3")
    ask(page, "Hello")
    expect(page.locator(".settings .problem:visible")).to_contain_text("between 0 and 2")
    assert len(scripted.requests) == 1


def test_the_key_is_sent_and_is_in_no_code_and_not_in_what_the_browser_keeps(
    scripted: Scripted, open_page: OpenPage
) -> None:
    scripted.say("a", ["Yes"])
    page = open_page(scripted.address, "/playground")
    page.get_by_label("API key").fill("sk-secret")
    with page.expect_request("**/v1/chat/completions") as sent:
        ask(page, 'It\'s \u202e"quoted"')
    assert sent.value.headers["authorization"] == "Bearer sk-secret"
    ended(page).get_by_role("button", name="Code").click()
    for tab, word in (("curl", "$API_KEY"), ("Python", 'os.environ["API_KEY"]'), ("JavaScript", "process.env.API_KEY")):
        page.get_by_role("tab", name=tab).click()
        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text(word)
        expect(panel).not_to_contain_text("sk-secret")
        expect(panel).to_contain_text("\\u202e")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "sk-secret" not in page.evaluate("JSON.stringify(localStorage) + document.cookie")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([Refusal(401, "no such key")], ["Status 401", "no such key", "Enter the key"]),
        ([Refusal(429, "too many")], ["Status 429", "too many", "A limit is reached"]),
        ([Refusal(502, "<b>bad</b>")], ["Status 502", "<b>bad</b>", "cannot be reached"]),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(
    answer: list[Any], words: list[str], scripted: Scripted, open_page: OpenPage
) -> None:
    scripted.say("a", answer)
    page = open_page(scripted.address, "/playground")
    ask(page, "Hello")
    shown = ended(page)
    for word in words:
        expect(shown).to_contain_text(word)
    expect(shown.get_by_role("alert")).to_be_visible()
    expect(shown.get_by_role("button", name="Retry")).to_be_visible()


def test_a_stream_that_breaks_off_keeps_what_has_arrived(scripted: Scripted, open_page: OpenPage) -> None:
    gate = Gate()
    scripted.say("a", ["Half", gate, Break()])
    page = open_page(scripted.address, "/playground")
    ask(page, "Hello")
    expect(answers(page).locator(".markdown").last).to_have_text("Half")
    gate.open()
    shown = ended(page)
    expect(shown).to_contain_text("broke off")
    expect(shown.locator(".markdown").last).to_have_text("Half")
    expect(shown.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("place", ["text", "reasoning", "tool", "model"])
def test_what_a_hostile_model_says_does_nothing(place: str, scripted: Scripted, open_page: OpenPage) -> None:
    model = HOSTILE if place == "model" else "a"
    said: dict[str, list[Step]] = {
        "text": [HOSTILE],
        "reasoning": [{"reasoning_content": HOSTILE}],
        "tool": [tool_calls((HOSTILE, HOSTILE))],
        "model": [HOSTILE],
    }
    scripted.say(model, said[place])
    page = open_page(scripted.address, "/playground")
    expect(page.locator("#model-playground option")).to_have_count(2)
    ask(page, "Hello")
    answer = ended(page)
    if place == "reasoning":
        answer.get_by_text("Reasoning").click()
    expect(answer).to_contain_text("onerror")
    page.wait_for_timeout(500)  # what loads on demand
    forbidden = (
        "script, iframe, form:not(.answer form), style, base, svg:not(button svg, h3 svg, .katex svg), object, embed"
    )
    assert answer.locator(forbidden).count() == 0
    assert answer.locator("img, [onerror], [onload], [onclick], [style*=display]").count() == 0
    links = answer.locator("a").evaluate_all("links => links.map((each) => [each.protocol, each.rel])")
    assert all(link == ["https:", "noopener noreferrer nofollow"] for link in links)
    assert "\u202e" not in answer.inner_text()
    assert page.url == f"http://{scripted.address}/playground"


def test_a_million_characters_leave_the_page_usable(scripted: Scripted, open_page: OpenPage) -> None:
    scripted.say("a", ["word " * 4000] * 50)
    page = open_page(scripted.address, "/playground")
    ask(page, "Much")
    answer = ended(page)
    expect(answer).to_contain_text("The first 100,000 of 1,000,000 characters are shown.")
    page.get_by_label("Message", exact=True).fill("still here")
    answer.get_by_role("button", name="Show all").click()
    expect(answer.get_by_text("characters are shown")).to_be_hidden()
    text = answer.locator(".markdown").last
    expect(text.locator("css=.plain").last).to_be_attached()
    for _ in range(60):
        if text.evaluate("(each) => each.textContent.split(/word/).length") > 200_000:
            break
        page.wait_for_timeout(500)
    assert text.evaluate("(each) => each.textContent.split(/word/).length") == 200_001
    expect(page.get_by_label("Message", exact=True)).to_have_value("still here")


@pytest.mark.parametrize(
    "piece",
    ["[", "$", "> ", "`` ", "*a ", "\\(", "![](", "<a ", "# a\n", "- a\n", "$$x$$\n\n", "|a", "a\n", "x\n===\n"],
    ids=repr,
)
def test_a_million_characters_that_parsers_find_hard_leave_the_page_usable(
    piece: str, scripted: Scripted, open_page: OpenPage
) -> None:
    text = piece * (MILLION // len(piece))
    scripted.say("a", [text[start : start + 20_000] for start in range(0, MILLION, 20_000)], ["Still here"])
    page = open_page(scripted.address, "/playground")
    ask(page, "Hard")
    expect(ended(page).get_by_role("button", name="Show all")).to_be_visible()
    ask(page, "Easy")
    expect(ended(page, 2)).to_contain_text("Still here")


def test_the_page_is_usable_by_keyboard_in_a_narrow_window_and_in_chinese(
    scripted: Scripted, open_page: OpenPage
) -> None:
    scripted.say("一个名字很长的模型-with-a-long-name", ["很长的" * 50 + "\n\n```\n" + "x" * 300 + "\n```"])
    page = open_page(scripted.address, "/playground", lang="zh", scheme="dark", width=320, height=640)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_label("消息", exact=True)).to_be_focused()
    page.keyboard.type("你好")
    page.keyboard.press("Enter")
    ended(page)
    assert_no_sideways_scrolling(page)
    assert_accessible(page)
    page.get_by_role("button", name="设置").press("Enter")
    expect(page.get_by_label("系统提示词")).to_be_visible()
    assert_no_sideways_scrolling(page)
    assert_accessible(page)
    page.get_by_label("系统提示词").press("Escape")
    expect(page.get_by_role("button", name="设置")).to_be_focused()


def test_language_and_colours_are_switched_without_losing_the_conversation(
    scripted: Scripted, open_page: OpenPage
) -> None:
    scripted.say("a", ["Hello"])
    page = open_page(scripted.address, "/playground")
    ask(page, "Hi")
    ended(page)
    page.get_by_role("button", name="切换到中文").click()
    expect(page.get_by_role("button", name="新对话")).to_be_visible()
    expect(answers(page)).to_contain_text("重试")
    page.get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="新对话")).to_be_visible()


def test_the_conversation_is_exported(scripted: Scripted, open_page: OpenPage) -> None:
    scripted.say("a", [{"reasoning_content": "Hm"}, "Hello"])
    page = open_page(scripted.address, "/playground")
    ask(page, "Hi")
    ended(page)
    with page.expect_download() as found:
        page.get_by_role("button", name="Export").click()
    document = json.loads(found.value.path().read_text())
    assert document["messages"] == [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    assert document["answers"][0]["reasoning_content"] == "Hm"
    assert document["answers"][0]["usage"]["output"] == 2
