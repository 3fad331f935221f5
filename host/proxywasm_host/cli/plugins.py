"""Choose the plugin of a command with `--plugin`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click

from ..building.flagship import NotInstalledError, flagship
from .scaffold import NoPluginError, ScaffoldError, find_plugin
from .terminal import UserError


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
