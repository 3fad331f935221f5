"""`proxywasm bench`: what the way through WebAssembly costs, measured here and now."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from ...building.flagship import NotInstalledError, flagship
from ..terminal import UserError, progress

_REPOSITORY = Path(__file__).resolve().parents[4]
"""If this is a clone of it, and not an installed package."""


json_option = click.option(
    "--json",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write what was measured as JSON, too.",
)


@click.command()
@json_option
@click.option(
    "--envoy",
    is_flag=True,
    help="In a real Envoy, beside the Go plugin that ai-proxy is a port of. Needs a clone of the repository.",
)
@click.option("--quick", is_flag=True, help="With --envoy: few rounds. Shows that everything runs, not what it costs.")
def bench(output: Path | None, *, envoy: bool, quick: bool) -> None:
    """Measure what the way through WebAssembly costs, side by side with the same work outside of it.

    It measures a plugin of its own that changes nothing, and ai-proxy, in whichever folder it runs: not your plugin.

    With --envoy: what ai-proxy costs as a plugin of Envoy, side by side with the original.
    """
    if envoy:
        _become("benchmarks.envoy", output, ["--quick"] if quick else [])
    if quick:
        raise click.UsageError("--quick is for --envoy only")
    from ...bench import run  # noqa: PLC0415  # imported when the command runs
    from ...bench.setup import IDENTITY  # noqa: PLC0415  # likewise

    try:
        click.echo(f"plugins: {IDENTITY.name} of proxywasm, {flagship()}", err=True)
    except NotInstalledError as error:
        raise UserError(f"{error}, and a part of the measurements needs it") from None
    with progress() as report:
        click.echo(run(output, report))


def _become(package: str, output: Path | None, words: list[str]) -> NoReturn:
    """Run a package of the repository in the place of this process, so that signals and the exit code are its own."""
    if not (_REPOSITORY / package.replace(".", "/") / "__main__.py").is_file():
        raise UserError(
            "this benchmark is not in the installed package, only in the repository of proxywasm: "
            "clone it, and run `./build.sh bench --envoy` there"
        )
    if output is not None:
        words = [*words, "--json", str(output.absolute())]
    os.chdir(_REPOSITORY)
    os.execv(sys.executable, [sys.executable, "-m", package, *words])  # noqa: S606  # our own package
