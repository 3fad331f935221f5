"""Decide from the sources whether a module can be imported inside a component."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from ..building.python_source import parse_source
from ..building.staging import Staging
from .guest import facts
from .handlers import does_without_import, suppresses_import_errors

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Place(NamedTuple):
    """The context of a statement."""

    in_function: bool = False
    guarded: bool = False
    """Inside a `try` or `with` that goes on without it."""
    conditional: bool = False
    """Inside `if`."""


@dataclass(frozen=True, slots=True)
class Import:
    """One module that an import statement names."""

    module: str
    line: int
    place: Place
    relative: bool = False
    names: tuple[str, ...] = ()
    """What `from module import ...` takes from it; each may be a module too."""
    given: tuple[Given, ...] = ()
    """It runs only if all of these hold."""


class Given(NamedTuple):
    """The condition under which an import in `except` or `else` of a `try` with imports runs."""

    tried: tuple[Import, ...]
    failed: bool
    """Whether one of them has failed (in `except`), or none (in `else`)."""


def imports_of(tree: ast.Module, package: str) -> Iterator[Import]:
    """All imports of a module, except those for type checkers. `package` is what relative imports are relative to."""
    yield from _imports(tree.body, package, Place())


def _imports(nodes: Iterable[ast.AST], package: str, place: Place) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, place) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(_absolute(node, package), node.lineno, place, node.level > 0, names)
        elif isinstance(node, ast.If):
            if not is_for_type_checkers(node.test) and not is_main_guard(node.test):
                yield from _imports(node.body, package, place._replace(conditional=True))
            yield from _imports(node.orelse, package, place._replace(conditional=True))
        elif isinstance(node, ast.Try | ast.TryStar):
            yield from _imports_of_try(node, package, place)
        elif isinstance(node, ast.With) and suppresses_import_errors(node):
            yield from _imports(node.body, package, place._replace(guarded=True))
        elif not isinstance(node, ast.expr):  # no import is part of an expression, which may be as deep as it likes
            inner = place._replace(in_function=place.in_function or isinstance(node, Function))
            yield from _imports(ast.iter_child_nodes(node), package, inner)


def _imports_of_try(node: ast.Try | ast.TryStar, package: str, place: Place) -> Iterator[Import]:
    guarded = place.guarded or does_without_import(node)
    tried = tuple(_imports(node.body, package, place._replace(guarded=guarded)))
    yield from tried
    only_imports = all(isinstance(each, ast.Import | ast.ImportFrom | ast.Assign) for each in node.body)
    for nodes, failed in ((node.handlers, True), (node.orelse, False)):
        given = (Given(tried, failed),) if tried and only_imports else ()
        for statement in _imports(nodes, package, place):
            yield replace(statement, given=statement.given + given)
    yield from _imports(node.finalbody, package, place)


def is_for_type_checkers(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def is_main_guard(test: ast.expr) -> bool:
    """`if __name__ == "__main__":` is never true in a plugin."""
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    if not package:
        return ""  # outside of a package there is nothing that it could be relative to
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


NO_PACKAGE: Final = "relatively: the file is not part of a package; import the module by its name"


class Modules:
    """The modules that a component has."""

    def __init__(self, staging: Staging) -> None:
        self._files = staging.files
        self._contents = {file: staging.contents[name] for name, file in staging.files.items()}
        self._reasons: dict[str, str | None] = {"": NO_PACKAGE}
        self._trees: dict[Path, ast.Module | None] = {}

    def package_of(self, name: str) -> str:
        """The package that relative imports of a module start from."""
        return name if self.staged(name).endswith("/__init__.py") else name.rpartition(".")[0]

    def tree(self, file: Path) -> ast.Module | None:
        """None: it cannot be parsed."""
        if file not in self._trees:
            try:
                self._trees[file] = parse_source(self._contents[file])
            except SyntaxError:
                self._trees[file] = None
        return self._trees[file]

    def why_not(self, name: str) -> str | None:
        """Why this module, or one that it needs, cannot be imported in the guest, as a text that begins with its name.

        None: it can, as far as the sources show.
        """
        if name not in self._reasons:
            self._reasons[name] = None  # modules may import each other in a circle
            self._reasons[name] = self._why_not(name)
        return self._reasons[name]

    def why_not_imported(self, statement: Import) -> str | None:
        """The same for a statement, which may import several: modules taken `from` a package are some."""
        for module in (statement.module, *self.submodules(statement)):
            if reason := self.why_not(module):
                return reason
        return None

    def submodules(self, statement: Import) -> list[str]:
        """Those that `from package import ...` names."""
        children = [f"{statement.module}.{name}" for name in statement.names]
        return [child for child in children if child in facts().modules or self._file(child) or self._native(child)]

    def is_reached(self, statement: Import) -> bool:
        """Whether it runs at all in the guest: in `except ImportError` it does not if all could be imported."""
        return all(
            any(self.why_not_imported(tried) for tried in given.tried) == given.failed for given in statement.given
        )

    def _why_not(self, name: str) -> str | None:
        top, _, rest = name.partition(".")
        if top == "proxywasm":
            return None
        if rest and (reason := self.why_not(name.rpartition(".")[0])):
            return f"{name}, which needs {reason}"
        if name in facts().modules:
            return f"{name}: the Python inside components has no {name} ({facts().modules[name].partition(': ')[2]})"
        if top in sys.stdlib_module_names and not self._file(top):
            return None
        file = self._file(name)
        if file is None:
            return self._why_not_there(name)
        for statement in self.imports(name):
            if any(statement.place) or not self.is_reached(statement):
                continue
            if reason := self.why_not_imported(statement):
                return f"{name}, which needs {reason}"
        return None

    def imports(self, name: str) -> Iterator[Import]:
        """The import statements of a module; none if the module is missing or is not Python."""
        file = self._file(name)
        tree = self.tree(file) if file else None
        if tree is not None:
            yield from imports_of(tree, self.package_of(name))

    def _why_not_there(self, name: str) -> str | None:
        if native := self._native(name):
            return f"{name}: it has native code ({native.name})"
        if "." in name:
            return None  # something that its package defines while it is imported
        return f"{name}: there is no such module, neither beside the plugin nor where proxywasm is installed"

    def own(self, start: str, folder: Path) -> list[str]:
        """The modules in a folder that a module imports, and those that they import, with itself."""
        found, waiting = [start], [start]
        while waiting:
            for statement in self.imports(waiting.pop()):
                for name in (statement.module, *self.submodules(statement)):
                    parts = name.split(".")
                    for each in (".".join(parts[:length]) for length in range(1, len(parts) + 1)):
                        if each not in found and self._is_in(each, folder):
                            found.append(each)
                            waiting.append(each)
        return found

    def _is_in(self, name: str, folder: Path) -> bool:
        """Packages that are installed in the folder, as in a virtual environment, lie deeper than their names say."""
        path = folder.joinpath(*name.split("."))
        return self._file(name) in (path.with_suffix(".py"), path / "__init__.py")

    def staged(self, name: str) -> str:
        """Where the file of a module is in the staging folder; only a guess if there is none."""
        path = name.replace(".", "/")
        return f"{path}/__init__.py" if f"{path}/__init__.py" in self._files else f"{path}.py"

    def _file(self, name: str) -> Path | None:
        return self._files.get(self.staged(name))

    def _native(self, name: str) -> Path | None:
        """The extension module of this name, which the build has left out."""
        parent, _, last = name.rpartition(".")
        if parent:
            package = self._file(parent)
            found = package and next(
                (file for suffix in EXTENSION_SUFFIXES if (file := package.with_name(last + suffix)).is_file()), None
            )
            return found or None
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            return None
        origin = spec.origin if spec else None
        return Path(origin) if origin and origin.endswith(tuple(EXTENSION_SUFFIXES)) else None
