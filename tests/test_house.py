"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATED = {"wit_world", "componentize_py_types", "componentize_py_runtime", "proxywasm_plugin"}
ENTRY_FILES = {"sdk/proxywasm/adapters/component.py", "sdk/proxywasm/adapters/proxy_wasm.py"}


def modules(folder: str) -> Iterator[Path]:
    return (ROOT / folder).rglob("*.py")


def imports(path: Path) -> set[str]:
    """The top-level names of the modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def run(*words: str) -> str:
    """The output of a tool; empty when it is content."""
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_sdk_imports_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.path.insert(0, 'sdk'); import proxywasm; print(*sys.modules)"
    assert run("-I", "-S", "-W", "error", "-c", code) == ""


def test_only_entry_files_import_generated_bindings() -> None:
    users = {str(path.relative_to(ROOT)) for folder in ("sdk", "host", "plugins") for path in modules(folder)
             if imports(path) & GENERATED}  # fmt: skip
    assert users <= ENTRY_FILES


def test_arrows_point_one_way() -> None:
    for path in modules("plugins"):
        assert "proxywasm_host" not in imports(path), path
    for path in modules("sdk"):
        # The test kit is the one door from the author's namespace to the host; components are built without it.
        if path.name != "testing.py":
            assert "proxywasm_host" not in imports(path), path


@pytest.mark.slow
@pytest.mark.parametrize("words", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]])
def test_linters_are_content(words: list[str]) -> None:
    assert run("-m", *words) == ""
