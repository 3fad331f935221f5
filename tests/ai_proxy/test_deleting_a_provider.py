"""Deleting a provider with its own protocol takes its rows, its folders and its recordings.

Each test deletes one on a copy of the tree: nothing else in the plugin names it, and the remaining tests pass.
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
from typing import Any, NamedTuple

import pytest
from tests.expected.golden import declared, golden_file, read
from tests.expected.layout import text

from ai_proxy.providers import ROWS

ROOT = Path(__file__).parents[2]
THIS = str(Path(__file__).relative_to(ROOT))
NAMES = ("dify", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in (
    "cohere", "deepl", "hunyuan", "kling", "minimax", "spark", "triton",
)))  # fmt: skip
"""The names of providers, which are also the names of their protocols and of all their folders."""
ELSEWHERE = frozenset({"cohere"})
"""Names of models and of an API that other services have, too."""
PROFILES = Path("plugins", "ai_proxy", "profiles")
"""Models and their vendors keep their facts: other services have these models, too."""
FOLDERS = (
    "plugins/ai_proxy/protocols", "tests/ai_proxy/protocols", "tests/conformance", "tests/expected/conformance",
)  # fmt: skip
NATIVE = "not built and not slow and not exhaustive"
NOT_HERE = frozenset({"test_translations.py", "test_container.py"})
"""The translation of the generated page follows later, as after each change of an English page. The copy is no
repository of git."""
ALL = (
    "tests/ai_proxy",
    *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests").glob("test_*.py") if file.name not in NOT_HERE),
)
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


NAMING = (
    *(f"tests/ai_proxy/{folder}" for folder in ("config", "pipeline", "providers", "wire")),
    *(
        f"tests/ai_proxy/protocols/test_{name}.py"
        for name in ("any_conversation", "hostile_values", "parameters", "structured_output", "tool_turns", "usage")
    ),
    "tests/ai_proxy/protocols/anthropic",
    "tests/ai_proxy/test_weaknesses.py",
    "tests/ai_proxy/test_amplification.py",
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
    """Copies the files of the project."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def delete_provider(root: Path, name: str) -> None:
    for folder in FOLDERS:
        shutil.rmtree(root / folder / name, ignore_errors=not folder.startswith("plugins"))
    for file in (root / "plugins" / "ai_proxy" / "providers").glob("*.py"):
        delete_row(file, name)
    # Names that only the deleted rows have used.
    run(root, "-m", "ruff", "check", "--no-cache", "--quiet", "--fix", "--select", "F401", "plugins/ai_proxy/providers")
    delete_module(root / "plugins" / "ai_proxy" / "providers", name)
    delete_recordings(root / "tests", name)
    for page in root.rglob("*.md"):
        delete_test_names(page, name)
    run(root, "-m", "ai_proxy_docs")


def delete_row(file: Path, name: str) -> None:
    """Deletes the rows of this name, and imports from the protocol's folder."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for node in ast.walk(ast.parse("".join(lines))):
        if isinstance(node, (ast.Call, ast.ImportFrom)) and (_is_row(node, name) or _imports_protocol(node, name)):
            last = node.end_lineno or node.lineno
            lines[node.lineno - 1 : last] = [""] * (last - node.lineno + 1)
    delete_unused_functions(file, "".join(lines))


def delete_unused_functions(file: Path, source: str) -> None:
    """Writes the module without private functions that only the deleted rows have used."""
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("_"):
            continue
        if len(re.findall(rf"\b{node.name}\b", source)) == 1:
            last = node.end_lineno or node.lineno
            lines[node.lineno - 1 : last] = [""] * (last - node.lineno + 1)
    file.write_text("".join(lines), encoding="utf-8")


def _is_row(node: ast.AST, name: str) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Row"):
        return False
    values = [word.value for word in node.keywords if word.arg == "name"]
    return [value.value for value in values if isinstance(value, ast.Constant)] == [name]


def _imports_protocol(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"protocols.{name}.")


def delete_module(providers: Path, name: str) -> None:
    """Deletes the module of the row, if the row has one of its own."""
    if not (providers / f"{name}.py").exists():
        return
    (providers / f"{name}.py").unlink()
    table = providers / "__init__.py"
    lines = [line for line in table.read_text(encoding="utf-8").splitlines() if line.strip() != f"*{name}.ROWS,"]
    table.write_text("\n".join(re.sub(rf"\b{name}, ", "", line) for line in lines) + "\n", encoding="utf-8")


def delete_recordings(tests: Path, name: str) -> None:
    """Deletes exchanges with the provider from files with several providers, and their differences."""
    for file in sorted((tests / "recordings").rglob("*.json")):
        gone = _filter(file, lambda entry: name not in _types(entry["config"]))
        golden = golden_file(file, tests)
        if gone and golden.exists():
            kept = {exchange: entry for exchange, entry in read(golden).items() if exchange not in gone}
            golden.write_text(text(kept), encoding="utf-8")
    files = sorted((tests / "expected").glob("*/**/*.json"))
    used = {one for file in files for entry in read(file).values() for one in entry.differences}
    reasons = {one: reason for one, reason in declared(tests).items() if one in used}
    (tests / "expected" / "differences.json").write_text(json.dumps(reasons), encoding="utf-8")
    page = tests.parent / "docs" / "differences.md"
    anchors = re.compile(r'<a id="([^"]+)"></a>')
    page.write_text(
        anchors.sub(lambda match: match[0] if match[1] in used else "", page.read_text(encoding="utf-8")),
        encoding="utf-8",
    )


def _types(config: Any) -> set[Any]:
    """The types of all providers in a configuration."""
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


def delete_test_names(page: Path, name: str) -> None:
    """Deletes tests of the protocol from tables, and lines that name no other test."""
    own = re.compile(rf"`tests/ai_proxy/protocols/{name}/[\w/.]+::\w+`(?:, |<br>)?")
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    rest = [own.sub("", line) if own.search(line) else line for line in lines]
    kept = [line for line, before in zip(rest, lines, strict=True) if line == before or "::" in line]
    page.write_text("".join(kept), encoding="utf-8")


class Tree(NamedTuple):
    """A copy of the project without this provider."""

    name: str
    root: Path


@pytest.fixture(scope="module", params=NAMES)
def without(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = Tree(request.param, tmp_path_factory.mktemp("tree"))
    copy_to(tree.root)
    delete_provider(tree.root, tree.name)
    return tree


def test_the_provider_is_gone_and_the_others_are_there(without: Tree) -> None:
    code = "import ai_proxy.providers as it; print(it.__file__, *sorted({row.name for row in it.ROWS}))"
    file, *names = run(without.root, "-c", code).split()
    assert Path(file).is_relative_to(without.root)
    assert names == sorted({row.name for row in ROWS} - {without.name})


def test_nothing_else_in_the_plugin_names_it(without: Tree) -> None:
    if without.name in ELSEWHERE:
        pytest.skip("the name is also that of models and of an API which other services have")
    assert names_in(without, ("plugins/ai_proxy", "host", "sdk", "tools", "benchmarks", "examples"), at_least=400) == []


@pytest.mark.parametrize("without", ["dify"], indirect=True)
def test_shared_tests_need_not_name_a_provider(without: Tree) -> None:
    assert names_in(without, ("plugins", "tests"), at_least=400) == []


def names_in(tree: Tree, folders: tuple[str, ...], *, at_least: int) -> list[str]:
    """The Python files that name the provider."""
    named = re.compile(rf"(?<![a-z]){tree.name}(?!y|nt)", re.IGNORECASE)
    files = [file for folder in folders for file in (tree.root / folder).rglob("*.py") if file != tree.root / THIS]
    assert len(files) >= at_least
    found = []
    for file in files:
        if named.search(file.read_text(encoding="utf-8")) and tree.root / PROFILES not in file.parents:
            found.append(str(file.relative_to(tree.root)))
    return found


def test_no_import_is_left_over(without: Tree) -> None:
    run(without.root, "-m", "ruff", "check", "--no-cache", "--select", "F", "plugins", "tests")


def test_arrows_imports_and_tests_of_what_all_providers_share_pass(without: Tree) -> None:
    run(without.root, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", NATIVE, *QUICK)


@pytest.mark.exhaustive
def test_tests_that_name_providers_pass(without: Tree) -> None:
    run(without.root, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", NATIVE, *NAMING)


@pytest.mark.exhaustive
@pytest.mark.parametrize("without", ["dify"], indirect=True)
def test_all_quick_tests_of_the_plugin_pass(without: Tree) -> None:
    run(without.root, "-m", "tests.ai_proxy.protocols_page")
    run(without.root, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", NATIVE, f"--ignore={THIS}", *ALL)
