"""`proxywasm schema [PLUGIN]`."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..plugins import PluginPath
from ..terminal import fail

if TYPE_CHECKING:
    from proxywasm import Plugin


@click.command()
@click.argument("plugin", type=PluginPath(exists=True), required=False)
@click.option("--markdown", is_flag=True, help="A page with tables of the keys instead.")
def schema(plugin: Path | None, markdown: bool) -> None:
    """Print the JSON Schema of PLUGIN's configuration, for editors and for checks before a rollout.

    PLUGIN is a package folder, a Python file or the name of an installed plugin; by default the one plugin of this
    folder. It is imported, and has to declare its settings with proxywasm.config.
    """
    from proxywasm import config
    from proxywasm.config.generate.json_text import pretty

    from ...packaging.settings import declarations, schema_of
    from ..scaffold import ScaffoldError, find_plugin

    try:
        path = plugin or find_plugin(Path())
    except ScaffoldError as error:
        raise click.UsageError(str(error)) from None
    loaded = _loaded(path)
    declared, found = declarations(loaded), schema_of(loaded, path)
    if found is None or (markdown and declared.settings is None):
        fail(f"{path} does not declare its settings: it needs plugin.parse_config(config.reader(Settings))")
    if markdown and declared.settings is not None:
        click.echo(config.markdown(declared.settings), nl=False)
        return
    click.echo(pretty(found), nl=False)


def _loaded(path: Path) -> Plugin[Any]:
    from proxywasm.adapters.native import load_plugin

    try:
        return load_plugin(path)
    except Exception as error:  # whatever the plugin's own code raises when it is imported
        fail(f"the plugin cannot be loaded: {error}")
