"""`proxywasm new NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_PATH: Any = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("name")
@click.option("--in", "parent", type=_PATH, default=Path(), metavar="FOLDER", help="Where to put it; by default here.")
@click.option(
    "--from", "origin", metavar="PLUGIN", help="Begin with a copy of one of proxywasm's own plugins, such as key_auth."
)
def new(name: str, parent: Path, origin: str | None) -> None:
    """Make a folder NAME with a plugin, its test, a recording and a README.

    With --from it is a copy of that plugin with its tests, under the new name.
    """
    from ..scaffold import ScaffoldError, new_from, origins  # noqa: PLC0415  # imported when the command runs
    from ..scaffold import new as make  # noqa: PLC0415

    if origin is not None and origin not in (known := origins()):
        raise click.UsageError(f"--from must be one of {', '.join(known)}, got {origin!r}")
    try:
        folder = make(name, parent) if origin is None else new_from(origin, name, parent)
    except ScaffoldError as error:
        raise click.UsageError(str(error)) from None
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        click.echo(file)
    click.echo(f"\ncd {folder} && proxywasm dev", err=True)
