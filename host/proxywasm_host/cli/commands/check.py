"""`proxywasm check [PLUGIN]`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..plugins import PluginPath


@click.command()
@click.argument("plugin", type=PluginPath(exists=True), required=False)
def check(plugin: Path | None) -> None:
    """Say what in PLUGIN cannot work inside a component, with file and line.

    PLUGIN is a package folder, a Python file or the name of an installed plugin; by default the one plugin of this
    folder. Exits with 1 if there are errors; warnings are about what works, but probably not as it was meant.
    """
    from ...checking.check import check as run  # noqa: PLC0415  # imported when the command runs
    from ..scaffold import ScaffoldError, find_plugin  # noqa: PLC0415

    try:
        path = plugin or find_plugin(Path())
    except ScaffoldError as error:
        raise click.UsageError(str(error)) from None
    findings = run(path)
    for finding in findings:
        place, _, message = str(finding).partition(f" {finding.severity}: ")
        colour = "red" if finding.severity == "error" else "yellow"
        click.echo(f"{place} {click.style(f'{finding.severity}:', fg=colour)} {message}")
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    click.echo(f"{path}: {_count(errors, 'error')}, {_count(warnings, 'warning')}", err=True)
    sys.exit(1 if errors else 0)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
