"""`proxywasm new NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_PATH: Any = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("name")
@click.option("--in", "parent", type=_PATH, default=Path(), metavar="FOLDER", help="Where to put it; by default here.")
def new(name: str, parent: Path) -> None:
    """Make a folder NAME with a plugin, its test, a recording and a README."""
    from ..scaffold import ScaffoldError  # noqa: PLC0415  # imported when the command runs
    from ..scaffold import new as make  # noqa: PLC0415

    try:
        folder = make(name, parent)
    except ScaffoldError as error:
        raise click.UsageError(str(error)) from None
    for file in sorted(folder.iterdir()):
        click.echo(file)
    click.echo(f"\ncd {folder} && proxywasm dev", err=True)
