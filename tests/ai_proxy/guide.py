"""Runs the tutorials of docs/: writes their files and runs their commands."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import ai_proxy
from ai_proxy import kit

DOCS = Path(__file__).parents[2] / "docs"
_PROXYWASM = Path(sys.executable).with_name("proxywasm")
_BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""Language, name of the file (none: a command, or something to look at), text."""
_KIT = "ai_proxy.kit"
_PUBLIC = {"ai_proxy": ai_proxy.__all__, _KIT: kit.__all__}


@dataclass(frozen=True)
class Step:
    """A command and the files that exist when it runs."""

    files: dict[str, str]
    command: str

    def write(self, folder: Path) -> None:
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")

    def run(self, folder: Path, *more: str, command: str = "") -> subprocess.CompletedProcess[str]:
        self.write(folder)
        program, *words = shlex.split(command or self.command)
        assert program == "proxywasm"
        return subprocess.run([_PROXYWASM, *words, *more], cwd=folder, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Guide:
    page: str
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def read(cls, name: str) -> Guide:
        guide = cls((DOCS / name).read_text(encoding="utf-8"))
        files: dict[str, str] = {}
        for language, file, text in _BLOCK.findall(guide.page):
            if language == "sh":
                guide.steps.append(Step(dict(files), text.strip()))
            elif file:
                files[file] = text
        return guide

    def check_links(self) -> None:
        for target in re.findall(r"\]\(([^)#]+)\)", self.page):
            assert (DOCS / target).is_file(), target
        for path in re.findall(r"`((?:plugins|tests)/[\w/.]+)`", self.page):
            assert (DOCS.parent / path).exists(), path


def inner_imports(code: str) -> list[str]:
    """The imports of ai_proxy in an example that are not public."""
    found: list[str] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("ai_proxy.") and alias.name != _KIT]
        elif isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("ai_proxy."):
            public = _PUBLIC.get(str(node.module), [])
            found += [f"{node.module}.{alias.name}" for alias in node.names if alias.name not in public]
    return found


def python_blocks(page: str) -> list[str]:
    return [text for language, _, text in _BLOCK.findall(page) if language == "python"]
