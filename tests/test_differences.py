"""The page about differences is complete, and every test that the audit of the original's weaknesses names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from tests.expected.golden import declared

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
AUDIT = (ROOT / "tests" / "ai_proxy" / "weaknesses.md").read_text(encoding="utf-8")
ROWS = [line for line in AUDIT.splitlines() if line.startswith("| ") and "::" in line]
NUMBERED = [row for row in ROWS if row.split("|")[1].strip().isdigit()]
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_every_weakness_has_one_row() -> None:
    assert [int(row.split("|")[1]) for row in NUMBERED] == [*range(1, 56)]


def test_every_difference_of_a_golden_file_has_one_place_on_the_page() -> None:
    assert sorted(re.findall(r'<a id="([^"]+)"></a>', PAGE)) == sorted(declared())


def test_every_entry_of_the_page_says_what_was_what_is_and_what_to_do() -> None:
    entries = [cells(line) for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(entries) > 100
    assert [entry for entry in entries if len(entry) != 4 or not all(entry[1:])] == []


def test_links_within_the_page_lead_somewhere() -> None:
    headings = re.findall(r"^##+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings} | declared().keys()
    links = set(re.findall(r"\]\(#([^)]+)\)", PAGE))
    assert links - anchors == set()


@cache
def names_in(file: str) -> set[str]:
    """The names of the tests in a file, as pytest finds them."""
    path = ROOT / file
    if not path.is_file() or not path.name.startswith("test_"):
        return set()
    return {node.name for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:20])
def test_the_tests_of_a_weakness_exist(row: str) -> None:
    nodes = NODE.findall(row.split("|")[-2])
    assert nodes
    assert [f"{file}::{name}" for file, name in nodes if name not in names_in(file)] == []
