"""What importing a module inside a component would come to, found out from the sources alone."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import NamedTuple, TypeAlias

from ..building.python_source import parse_source
from ..building.staging import Staging
from .guest import facts

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Place(NamedTuple):
    """What is around a statement."""

    in_function: bool = False
    guarded: bool = False
    """Inside `try`: the code can do without it."""
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
        elif isinstance(node, ast.Try) and _expects_failure(node):
            yield from _imports(node.body, package, place._replace(guarded=True))
            yield from _imports([*node.handlers, *node.orelse, *node.finalbody], package, place)
        else:
            inner = place._replace(in_function=place.in_function or isinstance(node, Function))
            yield from _imports(ast.iter_child_nodes(node), package, inner)


def is_for_type_checkers(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def is_main_guard(test: ast.expr) -> bool:
    """`if __name__ == "__main__":` is never true in a plugin."""
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _expects_failure(node: ast.Try) -> bool:
    caught = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    for handler in node.handlers:
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(name is None or (isinstance(name, ast.Name) and name.id in caught) for name in types):
            return True
    return False


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


class Modules:
    """The modules that a component has."""

    def __init__(self, staging: Staging) -> None:
        self._files = staging.files
        self._contents = {file: staging.contents[name] for name, file in staging.files.items()}
        self._reasons: dict[str, str | None] = {}
        self._trees: dict[Path, ast.Module | None] = {}

    def package_of(self, name: str) -> str:
        """What the relative imports of a module are relative to."""
        return name if f"{name.replace('.', '/')}/__init__.py" in self._files else name.rpartition(".")[0]

    def tree(self, file: Path) -> ast.Module | None:
        """None: it cannot be parsed."""
        if file not in self._trees:
            try:
                self._trees[file] = parse_source(self._contents[file])
            except SyntaxError:
                self._trees[file] = None
        return self._trees[file]

    def why_not(self, name: str) -> str | None:
        """Why this module, or one that it needs, cannot be imported in the guest; None: it can, as far as one sees."""
        if name not in self._reasons:
            self._reasons[name] = None  # modules may import each other in a circle
            self._reasons[name] = self._why_not(name)
        return self._reasons[name]

    def why_not_imported(self, statement: Import) -> str | None:
        """The same for what a statement names, modules taken `from` a package included; it names the module."""
        children = [f"{statement.module}.{name}" for name in statement.names]
        modules = [child for child in children if child in facts().modules or self._file(child) or self._native(child)]
        for module in (statement.module, *modules):
            if reason := self.why_not(module):
                return reason if reason.startswith((f"{module} ", f"{module}, ")) else f"{module}: {reason}"
        return None

    def _why_not(self, name: str) -> str | None:
        top, _, rest = name.partition(".")
        if top == "proxywasm":
            return None
        if rest and (reason := self.why_not(name.rpartition(".")[0])):
            return reason
        if name in facts().modules:
            return f"the Python inside components has no {name} ({facts().modules[name].partition(': ')[2]})"
        if top in sys.stdlib_module_names and not self._file(top):
            return None
        file = self._file(name)
        if file is None:
            return self._why_not_there(name)
        tree = self.tree(file)
        for statement in imports_of(tree, self.package_of(name)) if tree else ():
            if any(statement.place):
                continue
            if reason := self.why_not_imported(statement):
                return f"{name}, which needs {reason}"
        return None

    def _why_not_there(self, name: str) -> str | None:
        if native := self._native(name):
            return f"{name} has native code ({native.name})"
        if "." in name:
            return None  # something that its package defines while it is imported
        return f"{name} is neither beside the plugin nor installed where proxywasm runs"

    def _file(self, name: str) -> Path | None:
        path = name.replace(".", "/")
        return self._files.get(f"{path}/__init__.py") or self._files.get(f"{path}.py")

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
