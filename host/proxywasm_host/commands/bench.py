"""`proxywasm bench`: what the way through WebAssembly costs, measured here and now."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from ..terminal import UserError, progress


@click.command()
@click.option(
    "--json",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the rows as JSON, too.",
)
@click.option("--envoy", is_flag=True, help="In a real Envoy, beside the Go plugin that ai-proxy is a port of.")
def bench(output: Path | None, *, envoy: bool) -> None:
    """Measure what the way through WebAssembly costs, side by side with the same work outside of it.

    With --envoy: what ai-proxy costs as a plugin of Envoy, side by side with the original.
    """
    # ruff: noqa: PLC0415  # imported when the command runs
    if not envoy:
        from ..bench import run

        with progress() as report:
            click.echo(run(output, report))
        return
    from ..bench.envoy import run as run_envoy
    from ..bench.envoy.go_plugin import GoPluginError
    from ..bench.envoy.stage import BrokenAnswersError
    from ..build import BuildError
    from ..gateway.envoy import EnvoyError

    # Who ends us in the middle would leave Envoy running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with progress() as report:
            click.echo(run_envoy(output, report))
    except (BuildError, EnvoyError, GoPluginError, BrokenAnswersError) as error:
        raise UserError(str(error)) from None
