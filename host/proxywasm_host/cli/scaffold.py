"""`proxywasm new`: a folder with a plugin, its tests and a README; and finding the plugin of a folder."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ..building.staging import RESERVED, installed

_TEMPLATES = Path(__file__).parent / "templates"
_NAME = "my_plugin"
TEMPLATE = _TEMPLATES / _NAME


class ScaffoldError(Exception):
    """The message says what is wrong, and what to do."""


class NoPluginError(ScaffoldError):
    """A folder has no plugin."""


def new(name: str, parent: Path) -> Path:
    """Make the folder and return it. Raises `ScaffoldError`."""
    module, folder = _new_folder(name, parent)
    _copy(TEMPLATE, folder, {_NAME: module})
    return folder


def origins() -> list[str]:
    """The plugins of proxywasm that a new one can be made from."""
    return sorted(path.name for path in _TEMPLATES.iterdir() if path.is_dir() and path.name != _NAME)


def new_from(origin: str, name: str, parent: Path) -> Path:
    """Make the folder with a copy of one of `origins()`, its tests and a README. Raises `ScaffoldError`."""
    package = installed(origin)
    if package is None:
        raise ScaffoldError(f"the plugin {origin} is not installed here")
    module, folder = _new_folder(name, parent)
    names = {origin: module, origin.replace("_", "-"): module.replace("_", "-")}
    _copy(_TEMPLATES / origin, folder, names)
    _copy(package, folder / module, names)
    return folder


def _new_folder(name: str, parent: Path) -> tuple[str, Path]:
    module = module_name(name)
    folder = parent / module
    if folder.exists():
        raise ScaffoldError(f"{folder} is there already; choose another name")
    folder.mkdir(parents=True)
    return module, folder


def _copy(source: Path, folder: Path, names: Mapping[str, str]) -> None:
    """Copy text files, with these names replaced in them and in their names."""
    folder.mkdir(exist_ok=True)

    def renamed(text: str) -> str:
        for old, new in names.items():
            text = text.replace(old, new)
        return text

    for file in sorted(source.iterdir()):
        if file.is_file():
            (folder / renamed(file.name)).write_text(renamed(file.read_text(encoding="utf-8")), encoding="utf-8")


def module_name(name: str) -> str:
    """A name that Python can import: dashes become underscores. Raises `ScaffoldError`."""
    module = name.replace("-", "_")
    if not re.fullmatch(r"[A-Za-z_]\w*", module, re.A) or keyword.iskeyword(module):
        raise ScaffoldError(f"{name!r} cannot be imported as a module; use letters, digits and underscores")
    if module in RESERVED or module in sys.stdlib_module_names:
        raise ScaffoldError(f"a module {module!r} exists in every component; choose another name")
    return module


def find_plugin(folder: Path) -> Path:
    """The one plugin of a folder: the folder itself if it is a package, or its only file that makes a `Plugin`.

    Raises `ScaffoldError`, for a folder without plugins `NoPluginError`.
    """
    if (folder / "__init__.py").is_file():
        return folder
    candidates = [path for path in sorted(folder.glob("*.py")) if _makes_plugin(path)]
    candidates += [path.parent for path in sorted(folder.glob("*/__init__.py")) if _makes_plugin(path)]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise NoPluginError(f"there is no plugin in {folder.resolve()}; name the file or package folder")
    names = ", ".join(path.name for path in candidates)
    raise ScaffoldError(f"there are several plugins in {folder.resolve()}: {names}; name the file or package folder")


def _makes_plugin(path: Path) -> bool:
    if path.name.startswith(("test_", "conftest")):
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return re.search(r"^plugin\b.*\bPlugin\b|^from .* import .*\bplugin\b", text, re.M) is not None
