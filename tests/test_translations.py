"""The pages in Chinese say what the English ones say, and a page that lags behind is found."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tools.translations.__main__ import main
from tools.translations.catalogue import Catalogue
from tools.translations.pages import ENDING, ROOT, english, problems, translated_pages
from tools.translations.sections import lag, sections, stamped, with_stamp

PAGES = [*translated_pages(), ROOT / "docs" / f"providers{ENDING}"]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


def test_no_page_lags_behind() -> None:
    found = list(problems())
    assert not found, "\n" + "\n".join(found)


def test_what_an_operator_needs_first_is_there_in_chinese() -> None:
    assert {"README.zh-CN.md", *(f"docs/{name}.zh-CN.md" for name in ("quickstart", "providers", "protection"))} <= {
        *NAMES
    }


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_leads_to_its_other_language_and_stays_in_its_own(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    source = english(page)
    assert text.splitlines()[2] == f"[English]({source.name}) | **简体中文**"
    assert source.read_text(encoding="utf-8").splitlines()[2] == f"**English** | [简体中文]({page.name})"
    for name in re.findall(r"\]\((?!\w+:)([^)#\s]+)", text):
        target = page.parent / name
        assert target.exists(), name
        if target != source:
            assert not target.with_name(target.name.removesuffix(".md") + ENDING).exists(), (
                f"{name} is there in Chinese"
            )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of all that the command reads."""
    (tmp_path / "docs").mkdir()
    for page in PAGES:
        for each in (page, english(page)):
            shutil.copy(each, tmp_path / each.relative_to(ROOT))
    assert main([], tmp_path) == 0
    return tmp_path


def changed(folder: Path, name: str, before: str, after: str) -> None:
    page = folder / name
    text = page.read_text(encoding="utf-8")
    assert before in text
    page.write_text(text.replace(before, after), encoding="utf-8")


def test_a_changed_section_is_named_with_what_to_do_until_the_page_is_stamped(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(folder, "docs/quickstart.md", "Ctrl-C ends it.", "Ctrl-C stops it.")
    assert list(problems(folder)) == [
        'docs/quickstart.zh-CN.md lags behind: in quickstart.md the section "1. A chat without a key" has changed',
        "docs/quickstart.zh-CN.md: translate these sections again, then run: "
        "python -m tools.translations --stamp docs/quickstart.zh-CN.md",
    ]
    assert main([], folder) == 1
    assert '"1. A chat without a key" has changed' in capsys.readouterr().err
    assert main(["--stamp", str(folder / "docs/quickstart.zh-CN.md")], folder) == 0
    assert list(problems(folder)) == []


def test_other_line_breaks_and_the_line_with_the_languages_are_no_change(folder: Path) -> None:
    changed(folder, "docs/quickstart.md", "Ctrl-C ends it.", "Ctrl-C\nends it.")
    changed(folder, "README.md", "# proxywasm\n", "# proxywasm\n\n**English** | [简体中文](README.zh-CN.md)\n")
    assert list(problems(folder)) == []


def test_a_new_section_has_to_be_translated_before_the_page_can_be_stamped(folder: Path) -> None:
    name = "docs/quickstart.zh-CN.md"
    changed(folder, "docs/quickstart.md", "## 2. Qwen\n", "## Wait\n\nA minute.\n\n## 2. Qwen\n")
    assert 'the section "Wait" is new' in "\n".join(problems(folder))
    assert main(["--stamp", str(folder / name)], folder) == 1
    assert 'the section "Wait" is new' in "\n".join(problems(folder))
    changed(folder, name, "## 2. 通义千问\n", "## 等待\n\n一分钟。\n\n## 2. 通义千问\n")
    assert main(["--stamp", "all"], folder) == 0


def test_code_is_the_same_in_both_languages(folder: Path) -> None:
    name = "docs/quickstart.zh-CN.md"
    changed(folder, name, "cp .env.example .env\n", "")
    changed(folder, name, "`.env`", "文件")
    text = "\n".join(problems(folder))
    assert f"{name}: it has no such block of code as the English page" in text
    assert f"{name}: it lacks code that the English page has: `.env`" in text


def test_generated_tables_follow_the_english_ones_and_a_text_without_translation_is_named(folder: Path) -> None:
    changed(folder, "docs/protection.md", "| `realm` | string | `gateway` |", "| `realm` | string | `door` |")
    changed(folder, "docs/providers.md", "| `id` | string |", "| `id` | boolean |")
    stale = ["docs/providers.zh-CN.md is stale; run: python -m tools.translations",
             "docs/protection.zh-CN.md is stale; run: python -m tools.translations"]  # fmt: skip
    assert list(problems(folder)) == stale
    assert main([], folder) == 0
    assert "| `realm` | 字符串 | `door` |" in (folder / "docs/protection.zh-CN.md").read_text(encoding="utf-8")
    assert "| `id` | 布尔值 |" in (folder / "docs/providers.zh-CN.md").read_text(encoding="utf-8")
    changed(folder, "docs/providers.md", "the model service |", "the service of a model |")
    assert main([], folder) == 1
    assert any("no translation of a generated text" in each and "the service of a model" in each for each in
               problems(folder))  # fmt: skip
    assert any("no page has this text any more" in each and each.endswith(': "the model service"') for each in
               problems(folder))  # fmt: skip


def test_a_page_without_an_english_one_is_a_mistake(folder: Path) -> None:
    (folder / "docs" / "nothing.zh-CN.md").write_text("# 无\n", encoding="utf-8")
    assert list(problems(folder)) == [
        "docs/nothing.zh-CN.md: there is no nothing.md beside it; delete it, or name it after its English page"
    ]


def test_headings_in_code_are_no_sections() -> None:
    text = "# A\n\n```sh\n# not one\n```\n\n  ```\n## nor this\n  ```\n## B\n"
    assert [(section.level, section.heading) for section in sections(text)] == [(1, "A"), (2, "B")]
    page = with_stamp("# 甲\n", "a.md", text)
    assert [*stamped(page)] == ["A", "B"]
    assert with_stamp(page, "a.md", text) == page
    assert list(lag(page, text)) == []


def test_code_numbers_and_targets_are_kept_and_may_change_their_order(tmp_path: Path) -> None:
    file = tmp_path / "texts.json"
    file.write_text(
        '{"{0} of {1}": "{1} 的 {0}", "see [this]({0})": "见[此处]({0})", "most": "最多"}', encoding="utf-8"
    )
    texts = Catalogue(file)
    assert texts.page("- `a; b` of 36; most\n") == "- `a; b` of 36; most\n"  # an item is one unit
    assert list(texts.missing) == ["{0} of {1}; most"]
    assert texts.page("| `a`, `b` of 3,600; most | 1,000 |\n") == "| 3,600 的 `a`、`b`；最多 | 1,000 |\n"
    assert texts.page("see [this](other.md#x).\n") == "见[此处](other.md#x)。\n"
    assert texts.page("```\nmost\n```\n") == "```\nmost\n```\n"
    assert texts.unused == []
