"""Plugins by name: a command or a file may name an installed plugin, such as ai_proxy, instead of a path."""

from __future__ import annotations

from pathlib import Path

from .staging import installed


def plugin_path(named: str | Path, folder: Path = Path()) -> Path:
    """The package folder or file: a path, relative to `folder`, or else the name of an installed module.

    What is neither is returned as a path, which does not exist.
    """
    path, name = folder / named, str(named)
    if not is_there(path) and name.isidentifier() and (found := installed(name)):
        return found
    return path


def is_there(path: Path) -> bool:
    try:
        return path.is_file() or path.is_dir()
    except OSError:  # it may not be looked at, or its name is too long for any file
        return False
