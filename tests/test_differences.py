"""`docs/differences.md` has all weaknesses of the original, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "::" in line]
NUMBERED = [row for row in ROWS if row.split("|")[1].strip().isdigit()]
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_weakness_has_one_row() -> None:
    assert [int(row.split("|")[1]) for row in NUMBERED] == [*range(1, 56)]


@cache
def names_in(file: str) -> set[str]:
    """The names of the tests in a file, as pytest finds them."""
    path = ROOT / file
    if not path.is_file() or not path.name.startswith("test_"):
        return set()
    return {node.name for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:20])
def test_the_names_in_a_difference_are_there(row: str) -> None:
    nodes = NODE.findall(row.split("|")[-2])
    assert nodes
    assert [f"{file}::{name}" for file, name in nodes if name not in names_in(file)] == []
