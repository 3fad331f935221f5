"""`proxywasm check`: what a plugin does that cannot work inside a component, with file and line, without running it.

The guest differs in three ways. Some modules of the standard library are missing, and some functions do not work
(`guest/facts.json` has the measurements). There are no files after the build, so only modules that were imported while
the plugin was loaded can be imported. And module-level code runs once, at build time: every instance starts with the
same values.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from proxywasm.loading import NO_PLUGIN

from ..building.python_source import parse_source
from ..building.staging import Staging, StagingError, collect
from .guest import facts
from .handlers import survives
from .imports import Function, Import, Modules, imports_of, is_for_type_checkers, is_main_guard

Severity: TypeAlias = Literal["error", "warning"]

FROZEN: Final = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "os.urandom",
    "time.monotonic",
    "time.perf_counter",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
}
FROZEN_MODULES: Final = ("random.", "secrets.")
"""Functions, and modules of them, with a new result at each call. At build time they run once for all instances."""

_FILES = "data files can be read at module level, while the plugin is built"
_CALLS = "to call a service, use ClusterClient or RedisClient"
_WAITS = "to do something later, use a tick or a call-out's callback"
INSTEAD: Final = {
    **dict.fromkeys(("open", "io", "os", "pathlib", "shutil", "tempfile", "importlib", "logging"), _FILES),
    **dict.fromkeys(("ftplib", "http", "imaplib", "poplib", "smtplib", "socket", "urllib"), _CALLS),
    **dict.fromkeys(("asyncio", "concurrent", "multiprocessing", "select", "threading"), _WAITS),
    "zoneinfo": "make time zones at module level, with the package tzdata imported",
}
"""Alternatives that work, by the first part of a function's name."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    file: Path
    line: int
    severity: Severity
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.message}"


def check(plugin: Path) -> list[Finding]:
    """Findings in the plugin and the modules beside it that it imports, in order.

    Installed packages are checked where they are imported.
    """
    try:
        staging = collect(plugin)
    except StagingError as error:
        return [Finding(plugin, 1, "error", str(error))]
    folder = plugin.resolve().parent
    findings: list[Finding] = []
    modules = Modules(staging)
    for module in modules.own(staging.module, folder):
        name = modules.staged(module)
        shown = plugin.parent / staging.files[name].relative_to(folder)
        try:
            findings += _Source(staging, modules, name, shown).check()
        except RecursionError:
            findings.append(Finding(shown, 1, "error", "the source is nested too deeply to be checked"))
    return sorted(set(findings))


class _Source:
    """One file of the plugin."""

    def __init__(self, staging: Staging, modules: Modules, name: str, shown: Path) -> None:
        self._staging, self._modules, self._shown = staging, modules, shown
        self._contents = staging.contents[name]
        self._module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._aliases: dict[str, str] = {}

    def check(self) -> Iterator[Finding]:
        try:
            tree = parse_source(self._contents)
        except SyntaxError as error:
            version = ".".join(map(str, sys.version_info[:2]))
            yield self._error(error.lineno or 1, f"Python {version} cannot read this: {error.msg}")
            return
        if self._module == self._staging.module and not _defines_plugin(tree):
            yield self._error(1, f"{NO_PLUGIN}; the module that is built has to define one")
        self._aliases = _aliases(tree)
        for statement in imports_of(tree, self._modules.package_of(self._module)):
            yield from self._import(statement)
        yield from self._calls(tree.body, in_function=False, guarded=False)

    def _error(self, line: int, message: str) -> Finding:
        return Finding(self._shown, line, "error", message)

    def _warning(self, line: int, message: str) -> Finding:
        return Finding(self._shown, line, "warning", message)

    # Imports.

    def _import(self, statement: Import) -> Iterator[Finding]:
        if statement.place.guarded or not self._modules.is_reached(statement):
            return
        if reason := self._modules.why_not_imported(statement):
            yield self._error(statement.line, f"cannot import {reason}")
        elif statement.place.in_function:
            yield self._late(statement)

    def _late(self, statement: Import) -> Finding:
        what = f"{statement.module} is imported inside a function"
        # The build loads beforehand what functions of the plugin itself import by its full name.
        if not statement.relative and self._module.partition(".")[0] == self._staging.module:
            return self._warning(statement.line, f"{what}; at the top a mistake would show when the plugin is built")
        return self._error(statement.line, f"{what}, when there are no files any more; import it at the top")

    # Calls.

    def _calls(self, nodes: Iterable[ast.AST], *, in_function: bool, guarded: bool) -> Iterator[Finding]:
        for node in nodes:
            if isinstance(node, ast.If) and (is_main_guard(node.test) or is_for_type_checkers(node.test)):
                yield from self._calls(node.orelse, in_function=in_function, guarded=guarded)
            elif isinstance(node, Function):
                # Defaults and decorators run where the function is defined.
                body = node.body if isinstance(node.body, list) else [node.body]
                outside = [child for child in ast.iter_child_nodes(node) if child not in body]
                yield from self._calls(outside, in_function=in_function, guarded=guarded)
                yield from self._calls(body, in_function=True, guarded=guarded)
            elif isinstance(node, ast.Try | ast.TryStar):
                yield from self._calls(node.body, in_function=in_function, guarded=survives(node) or guarded)
                rest = [*node.handlers, *node.orelse, *node.finalbody]
                yield from self._calls(rest, in_function=in_function, guarded=guarded)
            else:
                if isinstance(node, ast.Call):
                    yield from self._call(node, in_function=in_function, guarded=guarded)
                yield from self._calls(ast.iter_child_nodes(node), in_function=in_function, guarded=guarded)

    def _call(self, node: ast.Call, *, in_function: bool, guarded: bool) -> Iterator[Finding]:
        name = self._dotted(node.func)
        if name is None:
            return
        if name.startswith("pathlib.Path()."):
            name = f"pathlib.Path().{name.rpartition('.')[2]}"
        if not in_function:
            if name in FROZEN or name.startswith(FROZEN_MODULES):
                yield self._warning(
                    node.lineno,
                    f"{name}() at module level runs once, when the component is built: "
                    "every instance starts with the same value",
                )
            return
        reason = facts().calls.get(name)
        module = name.rpartition(".")[0].removesuffix("()")
        # An import that fails is a finding of its own.
        if reason and not (module and self._modules.why_not(module)):
            message = f"{name}() does not work inside a component: {reason}"
            if instead := INSTEAD.get(name.partition(".")[0]):
                message += f"; {instead}"
            yield self._warning(node.lineno, message) if guarded else self._error(node.lineno, message)

    def _dotted(self, node: ast.expr) -> str | None:
        """The full name of what an expression names, calls as `()`: `Path(x).parent` is `pathlib.Path().parent`."""
        match node:
            case ast.Name(id=name):
                return self._aliases.get(name)
            case ast.Attribute(value=value, attr=attribute):
                owner = self._dotted(value)
                return owner and f"{owner}.{attribute}"
            case ast.Call(func=function):
                called = self._dotted(function)
                return called and f"{called}()"
            case ast.BinOp(left=left, op=ast.Div()):
                return self._dotted(left)
        return None


def _aliases(tree: ast.Module) -> dict[str, str]:
    """The full names behind the names of a module: its imports, and builtins that it does not define itself."""
    aliases = {name: name for name in facts().calls if "." not in name}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                aliases.pop(name, None)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                aliases.pop(name, None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                aliases[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return aliases


def _defines_plugin(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="plugin", ctx=ast.Store()):
                return True
            case ast.alias(name=name, asname=asname) if (asname or name) in ("plugin", "*"):
                return True
    return False
