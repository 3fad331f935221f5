"""A provider with a protocol of its own is deleted by deleting its row, its folders and its recordings.

This is done on a copy of the tree. Nothing else in it names the provider, and its tests pass.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.expected.golden import declared, golden_file, read
from tests.expected.layout import text

from ai_proxy.providers import ROWS

ROOT = Path(__file__).parents[2]
THIS = str(Path(__file__).relative_to(ROOT))
NAME = "dify"
"""Of the provider, of its protocol and of all its folders."""
FOLDERS = (
    "plugins/ai_proxy/protocols", "tests/ai_proxy/protocols", "tests/conformance", "tests/expected/conformance",
)  # fmt: skip
NATIVE = "not built and not slow and not exhaustive"
ALL = ("tests/ai_proxy", *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests").glob("test_*.py")))
HOUSE = (
    "test_each_module_belongs_to_one_layer[ai_proxy]",
    "test_imports_point_to_the_same_layer_or_a_lower_one[ai_proxy]",
    "test_no_modules_import_each_other_in_a_circle[ai_proxy]",
    "test_a_wire_protocol_imports_no_other",
)
QUICK = (
    *(f"tests/test_house.py::{test}" for test in HOUSE),
    "tests/test_differences.py",
    "tests/ai_proxy/test_docs.py::test_the_generated_files_are_fresh",
    "tests/ai_proxy/protocols/test_interface.py",
    "tests/ai_proxy/protocols/test_converting.py",
    "tests/ai_proxy/providers/test_rows.py",
    "tests/ai_proxy/fetching/test_context_file.py",
)


def run(root: Path, *words: str) -> str:
    """The output of a Python program that imports what is in this tree. Fails with it if the program does."""
    path = os.pathsep.join(str(root / folder) for folder in ("plugins", "sdk", "host"))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
    return done.stdout


def copy_to(folder: Path) -> None:
    """What belongs to the project."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def delete_provider(root: Path) -> None:
    for folder in FOLDERS:
        shutil.rmtree(root / folder / NAME)
    for file in (root / "plugins" / "ai_proxy" / "providers").glob("*.py"):
        delete_row(file)
    delete_recordings(root / "tests")
    for page in root.rglob("*.md"):
        delete_test_names(page)
    run(root, "-m", "ai_proxy_docs")


def delete_row(file: Path) -> None:
    """The rows of this name, and imports from the protocol's folder."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for node in ast.walk(ast.parse("".join(lines))):
        if isinstance(node, (ast.Call, ast.ImportFrom)) and (_is_row(node) or _imports_protocol(node)):
            last = node.end_lineno or node.lineno
            lines[node.lineno - 1 : last] = [""] * (last - node.lineno + 1)
    file.write_text("".join(lines), encoding="utf-8")


def _is_row(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Row"):
        return False
    names = [word.value for word in node.keywords if word.arg == "name"]
    return [name.value for name in names if isinstance(name, ast.Constant)] == [NAME]


def _imports_protocol(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"protocols.{NAME}.")


def delete_recordings(tests: Path) -> None:
    """Exchanges with the provider in files of several, and what is said of them."""
    for file in sorted((tests / "recordings").rglob("*.json")):
        gone = _filter(file, lambda entry: NAME not in _types(entry["config"]))
        golden = golden_file(file, tests)
        if gone and golden.exists():
            kept = {name: entry for name, entry in read(golden).items() if name not in gone}
            golden.write_text(text(kept), encoding="utf-8")
    files = sorted((tests / "expected").glob("*/**/*.json"))
    used = {name for file in files for entry in read(file).values() for name in entry.differences}
    reasons = {name: reason for name, reason in declared(tests).items() if name in used}
    (tests / "expected" / "differences.json").write_text(json.dumps(reasons), encoding="utf-8")
    page = tests.parent / "docs" / "differences.md"
    anchors = re.compile(r'<a id="([^"]+)"></a>')
    page.write_text(
        anchors.sub(lambda match: match[0] if match[1] in used else "", page.read_text(encoding="utf-8")),
        encoding="utf-8",
    )


def _types(config: Any) -> set[Any]:
    """The kinds of all providers of a configuration."""
    given = config if isinstance(config, dict) else {}
    listed = given.get("providers")
    objects = [given.get("provider"), *(listed if isinstance(listed, list) else [])]
    return {one["type"] for one in objects if isinstance(one, dict) and isinstance(one.get("type"), str)}


def _filter(file: Path, is_kept: Callable[[Any], bool]) -> set[str]:
    """The names of the exchanges that are no longer in the file."""
    found = json.loads(file.read_text(encoding="utf-8"))
    entries = found if isinstance(found, list) else [found]
    kept = [entry for entry in entries if is_kept(entry)]
    if len(kept) < len(entries):
        file.write_text(json.dumps(kept), encoding="utf-8")
    return {entry["name"] for entry in entries if entry not in kept}


def delete_test_names(page: Path) -> None:
    """Where a table names tests, those of the protocol; a line that names no other one goes."""
    own = re.compile(rf"`tests/ai_proxy/protocols/{NAME}/[\w/.]+::\w+`(?:, )?")
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    rest = [own.sub("", line) if own.search(line) else line for line in lines]
    kept = [line for line, before in zip(rest, lines, strict=True) if line == before or "::" in line]
    page.write_text("".join(kept), encoding="utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    copy_to(folder)
    delete_provider(folder)
    return folder


def test_the_provider_is_gone_and_the_others_are_there(tree: Path) -> None:
    code = "import ai_proxy.providers as it; print(it.__file__, *sorted({row.name for row in it.ROWS}))"
    file, *names = run(tree, "-c", code).split()
    assert Path(file).is_relative_to(tree)
    assert names == sorted({row.name for row in ROWS} - {NAME})


def test_nothing_else_in_the_code_names_it(tree: Path) -> None:
    named = re.compile(rf"(?<![a-z]){NAME}", re.IGNORECASE)
    folders = ("plugins", "host", "sdk", "tests", "tools", "benchmarks", "examples")
    files = [file for folder in folders for file in (tree / folder).rglob("*.py") if file != tree / THIS]
    assert len(files) > 500
    assert [str(file.relative_to(tree)) for file in files if named.search(file.read_text(encoding="utf-8"))] == []


def test_no_import_is_left_over(tree: Path) -> None:
    run(tree, "-m", "ruff", "check", "--no-cache", "--select", "F", "plugins", "tests")


def test_arrows_imports_and_tests_of_what_all_providers_share_pass(tree: Path) -> None:
    run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", NATIVE, *QUICK)


@pytest.mark.exhaustive
def test_all_quick_tests_of_the_plugin_pass(tree: Path) -> None:
    run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", NATIVE, f"--ignore={THIS}", *ALL)
