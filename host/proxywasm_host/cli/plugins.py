"""Plugins as arguments of commands, and the plugin of a command with `--plugin`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from ..building.flagship import NotInstalledError, flagship
from .scaffold import NoPluginError, ScaffoldError, find_plugin
from .terminal import UserError


class PluginPath(click.ParamType[Path]):
    """A package folder or a Python file, or the name of an installed plugin. The value is its path."""

    name = "plugin"

    def __init__(self, *, exists: bool = False) -> None:
        """`exists`: what is neither is an error here, and not in the command."""
        self._exists = exists

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        from ..building.named import is_there, plugin_path  # noqa: PLC0415  # imported when a command runs

        path = plugin_path(value)
        if self._exists and not is_there(path):
            self.fail(f"{value} is neither a file or folder nor the name of an installed plugin", param, ctx)
        return path


class Choice(NamedTuple):
    path: Path
    reason: str = ""
    """A note for the user if the choice may be unexpected."""

    def show(self) -> None:
        """Name the plugin, on standard error: standard output is for results."""
        click.echo(f"plugin: {self.path}{self.reason}", err=True)


def choose(named: Path | None) -> Choice:
    """The plugin that was named, or else that of this folder; in a folder without plugins the flagship.

    Raises `UserError`.
    """
    if named is not None:
        return Choice(named)
    try:
        return Choice(find_plugin(Path()))
    except NoPluginError:
        pass
    except ScaffoldError as error:
        raise UserError(f"{error} with --plugin") from None
    try:
        return Choice(flagship(), f" (there is none in {Path.cwd()})")
    except NotInstalledError as error:
        raise UserError(f"there is no plugin in {Path.cwd()}, and {error}; name one with --plugin") from None


def names(choices: Sequence[Choice]) -> list[str]:
    """A name for each plugin of a chain. Those with the same file name are numbered."""
    stems = [choice.path.stem for choice in choices]
    return [
        f"{stem}-{stems[:place].count(stem) + 1}" if stems.count(stem) > 1 else stem for place, stem in enumerate(stems)
    ]
