"""`proxywasm new`: a folder with a plugin, its test, a recording and a README; and finding the plugin of a folder."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

from ..building.staging import RESERVED

TEMPLATE = Path(__file__).parent / "templates" / "my_plugin"
_NAME = "my_plugin"


class ScaffoldError(Exception):
    """The message says what is wrong, and what to do."""


class NoPluginError(ScaffoldError):
    """A folder has no plugin."""


def new(name: str, parent: Path) -> Path:
    """Make the folder and return it. Raises `ScaffoldError`."""
    module = module_name(name)
    folder = parent / module
    if folder.exists():
        raise ScaffoldError(f"{folder} is there already; choose another name")
    folder.mkdir(parents=True)
    for file in sorted(TEMPLATE.iterdir()):
        if file.is_file():
            text = file.read_text(encoding="utf-8").replace(_NAME, module)
            (folder / file.name.replace(_NAME, module)).write_text(text, encoding="utf-8")
    return folder


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
