"""`proxywasm bench`: what the way through WebAssembly costs, measured here and now."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--json",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the rows as JSON, too.",
)
def bench(output: Path | None) -> None:
    """Measure what the way through WebAssembly costs, side by side with the same work outside of it."""
    from ..bench import run  # noqa: PLC0415  # imported when the command runs

    click.echo(run(output))
