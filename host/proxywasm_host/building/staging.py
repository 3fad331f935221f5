"""What goes into a component: the plugin, the SDK, and the pure-Python packages that they import.

Everything is laid out in one folder, which the guest sees as `/0`: a traceback from inside the component says
`/0/ai_proxy/plugin.py`, and no other package that is installed with the tools gets in.
"""

from __future__ import annotations

import ast
import codecs
import encodings.aliases
import hashlib
import importlib.machinery
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import proxywasm

from ..reading import read_bytes
from .python_source import parse_source

GUEST_ROOT: Final = "/0"
ENTRY_MODULE: Final = "proxywasm_plugin"
"""The generated module through which `proxywasm.adapters.component` finds the plugin."""

RESERVED: Final = {"proxywasm", ENTRY_MODULE, "wit_world", "componentize_py_types", "componentize_py_runtime"}
"""Modules that every component has besides the standard library's."""
_OUTSIDE_ONLY: Final = {"proxywasm/testing.py"}
"""Parts of the SDK for tests. They need the host, so components do not contain them."""
_LARGEST_FILE: Final = 64 * 2**20
_MOST_BYTES: Final = 256 * 2**20
_SKIPPED_FOLDERS: Final = {"__pycache__"}
_SKIPPED_SUFFIXES: Final = {".pyc", *importlib.machinery.EXTENSION_SUFFIXES, ".so", ".pyd", ".dylib", ".dll"}

# Imports anywhere in a module, by the line; that a docstring may have such a line too costs a look-up in vain.
_IMPORTS: Final = re.compile(rb"^[ \t]*(?:from|import)[ \t]+([A-Za-z_][\w.]*(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*)*)", re.M)

# Loaded by the standard library when they are first needed, which in the guest is too late: there are no files then.
_CODECS: Final = "ascii latin_1 cp1252 utf_8_sig utf_16 utf_16_be utf_16_le utf_32 idna punycode"
_LAZY: Final = ("_strptime", *(f"encodings.{name}" for name in _CODECS.split()))
_LITERAL: Final = re.compile(rb"""(["'])([A-Za-z][\w-]{2,19})\1""")
_NO_TEXT_CODECS: Final = {"aliases", "mbcs", "oem", "undefined"}
"""Of the modules in `encodings`, beside those that turn bytes into bytes: for one system only, or for none."""


class StagingError(Exception):
    """The plugin cannot be laid out for a build. The message says what is wrong with which path."""


@dataclass(frozen=True, slots=True)
class Staging:
    """The files of a component by their path in the staging folder, as they were when they were collected.

    Their contents are kept, so that what is built is what was hashed, even if an editor saves in between.
    """

    modules: tuple[str, ...]
    """The plugins, by the names under which they are imported."""
    files: dict[str, Path]
    contents: dict[str, bytes]

    def digest(self) -> str:
        """A hash of plugins, names and contents."""
        total = hashlib.sha256(repr(self.modules).encode())
        for name, content in sorted(self.contents.items()):
            total.update(f"{name}\0".encode())
            total.update(hashlib.sha256(content).digest())
        return total.hexdigest()

    def copy_to(self, folder: Path, *, trace: bool = False) -> None:
        """`trace`: write the line that the imports have reached to the file `WHERE`, to find one that does not end."""
        for name, content in self.contents.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        (folder / f"{ENTRY_MODULE}.py").write_text((_TRACE if trace else "") + self._entry(), encoding="utf-8")

    def real_paths(self, text: str) -> str:
        """The text with the guest's file names replaced by the author's."""

        def real(match: re.Match[str]) -> str:
            source = self.files.get(match[1])
            return match[0] if source is None else str(source)

        return re.sub(re.escape(GUEST_ROOT) + r"/([^\"'\s:,)]+)", real, text)

    @property
    def module(self) -> str:
        """The first plugin."""
        return self.modules[0]

    def _entry(self) -> str:
        return _ENTRY.format(
            imports="\n".join(_IMPORT.format(module=module) for module in self.modules),
            late=sorted({*_LAZY, *self._late_imports(), *self._codecs()}),
        )

    def _late_imports(self) -> Iterator[str]:
        """Modules that the plugin imports inside functions."""
        for name, content in self.contents.items():
            if name.endswith(".py") and name.partition("/")[0].removesuffix(".py") in self.modules:
                yield from _function_imports(content)

    def _codecs(self) -> Iterator[str]:
        """The text codecs whose name is in a literal of the plugin or of a package that it imports."""
        modules = {module.name for module in pkgutil.iter_modules(encodings.__path__)} - _NO_TEXT_CODECS
        for name, content in self.contents.items():
            if name.endswith(".py") and not name.startswith("proxywasm/"):
                words = {match[2].decode().replace("-", "_").lower() for match in _LITERAL.finditer(content)}
                named = {encodings.aliases.aliases.get(word, word) for word in words}.intersection(modules)
                yield from (f"encodings.{module}" for module in named if _is_text_codec(module))


def _is_text_codec(module: str) -> bool:
    return codecs.lookup(module)._is_text_encoding  # documented nowhere, asked by `str.encode`


WHERE: Final = "proxywasm_where"
_TRACE: Final = f'''\
import os
import sys
import time

file = open("{GUEST_ROOT}/{WHERE}", "w")
end = time.monotonic() + 30


def trace(frame, event, argument):
    name = frame.f_code.co_filename
    if not name.startswith("{GUEST_ROOT}/") or name.startswith(("{GUEST_ROOT}/proxywasm/", __file__)):
        return None
    file.seek(0)
    file.write(f"{{name}}:{{frame.f_lineno}}\\n")
    file.flush()
    if time.monotonic() > end:
        os._exit(1)
    return trace


sys.settrace(trace)
'''

_ENTRY = '''\
"""Generated by `proxywasm build`."""

import importlib

from proxywasm.loading import plugin_of
from proxywasm.made_plugins import MadePlugins

PLUGINS = {{}}
{imports}
plugin = next(iter(PLUGINS.values()))

# The component is a snapshot taken after the imports, and has no files afterwards: what functions import later must be
# loaded by now.
for name in {late!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
'''


_IMPORT = """\
with MadePlugins() as made:
    import {module} as module
PLUGINS["{module}"] = plugin_of(module, made)
"""


def collect(plugin: Path, *others: Path) -> Staging:
    """Find the files of a plugin (a package folder or a module file) and of what it imports, and of other plugins
    beside it. Raises `StagingError`.
    """
    files: dict[str, Path] = {}
    modules = []
    for each in (plugin, *others):
        path = _checked(each)
        modules.append(path.stem if path.suffix == ".py" else path.name)
        files |= _own_files(path, path if path.is_dir() else path.parent)
    files |= {name: file for name, file in _files_of(Path(proxywasm.__file__).parent) if name not in _OUTSIDE_ONLY}
    contents: dict[str, bytes] = {}
    _read(files, contents)
    _add_imported(files, contents, plugin.resolve().parent, {*modules, *RESERVED})
    return Staging(tuple(modules), files, contents)


def _checked(plugin: Path) -> Path:
    path = plugin.resolve()
    if not path.exists():
        raise StagingError(f"{plugin} does not exist")
    if path.suffix != ".py" and not (path / "__init__.py").is_file():
        raise StagingError(f"{plugin} is neither a Python file nor a package folder with an __init__.py")
    module = path.stem if path.suffix == ".py" else path.name
    if not module.isidentifier():
        raise StagingError(f"{plugin}: {module!r} is not a name that Python can import; rename it")
    if module in RESERVED or module in sys.stdlib_module_names:
        raise StagingError(f"{plugin}: the name {module!r} is taken by a module that every component has; rename it")
    return path


def _files_of(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield path.name, path
        return
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        if file.is_file() and file.suffix not in _SKIPPED_SUFFIXES and not _SKIPPED_FOLDERS.intersection(parts):
            yield "/".join((path.name, *parts)), file


def _own_files(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of an author's folder. Raises `StagingError` for a link that leads out of the folder.

    Otherwise a component could contain private files of the user who builds another author's plugin.
    """
    for file in (path, *path.rglob("*")):
        if file.is_symlink() and not file.resolve().is_relative_to(folder):
            raise StagingError(f"{file} is a link to {file.resolve()}, out of {folder}; put a copy in its place")
    yield from _files_of(path)


def _read(files: dict[str, Path], contents: dict[str, bytes]) -> None:
    """Read these files into `contents`."""
    total = sum(map(len, contents.values()))
    for name, file in files.items():
        contents[name] = read_bytes(file, StagingError, _LARGEST_FILE)
        total += len(contents[name])
        if total > _MOST_BYTES:
            raise StagingError(
                f"{file}: the files of the plugin have more than {_MOST_BYTES // 2**20} MiB; remove some"
            )


def _add_imported(files: dict[str, Path], contents: dict[str, bytes], beside: Path, known: set[str]) -> None:
    """Add what is imported, and what that imports, from the plugin's folder or else from where the tools run."""
    waiting = list(files)
    while waiting:
        source = waiting.pop()
        if not source.endswith(".py"):
            continue
        for match in _IMPORTS.finditer(contents[source]):
            for part in match[1].split(b","):
                name = part.strip().partition(b".")[0].decode()
                if name in known or name in sys.stdlib_module_names:
                    continue
                known.add(name)
                more = dict(_find(name, beside))
                files |= more
                _read(more, contents)
                waiting += more


def _find(name: str, beside: Path) -> Iterator[tuple[str, Path]]:
    """The files of a top-level module; none if it is missing, or is not Python."""
    if (beside / name / "__init__.py").is_file():
        yield from _own_files(beside / name, beside)
    elif (beside / f"{name}.py").is_file():
        yield from _own_files(beside / f"{name}.py", beside)
    elif path := installed(name):
        yield from _files_of(path)


def installed(name: str) -> Path | None:
    """The package folder or file of a top-level module that is installed where the tools run."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def _function_imports(source: bytes) -> Iterator[str]:
    try:
        tree = parse_source(source)
    except SyntaxError:
        return  # The import in the guest reports it.
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module
