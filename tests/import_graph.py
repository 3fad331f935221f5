"""Which modules of a package import which others, without running them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path


def module_files(source: Path) -> dict[str, Path]:
    """The modules below a folder of Python's path, by their full names."""
    found = {}
    for path in source.rglob("*.py"):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def import_graph(files: Mapping[str, Path]) -> dict[str, set[str]]:
    """By module, those of `files` that it imports, or names in a string to import them later.

    `from package import module` counts as an import of the module alone. That Python loads the package as well is no
    choice of who writes it; see `reachable`.
    """
    return {name: set(_mentioned(name, path, files)) & files.keys() for name, path in files.items()}


def _mentioned(name: str, path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package.split(".")[: package.count(".") + 2 - level] if level else []
                base = ".".join([*above, *([module] if module else [])])
                yield from (full if (full := f"{base}.{alias.name}") in files else base for alias in names)
            case ast.Constant(value=str(text)):
                yield text


def reachable(graph: Mapping[str, Collection[str]], starts: Collection[str]) -> set[str]:
    """What is loaded with these modules, or may be by them; a module's package is loaded before it."""
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name in graph and name not in found:
            found.add(name)
            waiting += [*graph[name], name.rpartition(".")[0]]
    return found
