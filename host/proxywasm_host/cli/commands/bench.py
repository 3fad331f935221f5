"""`proxywasm bench`: what the way through WebAssembly costs, measured here and now."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from proxywasm.wire import ConfigError, PluginFailure, ProgramLost

from ...building.flagship import NotInstalledError, flagship
from ..plugins import PluginPath, choose
from ..terminal import UserError, progress

_PATH: Any = click.Path(path_type=Path)
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
@click.argument("files", type=_PATH, nargs=-1, metavar="[EXCHANGE.json ...]")
@click.option(
    "--plugin",
    "plugins",
    type=PluginPath(),
    multiple=True,
    metavar="PATH",
    help="With exchange files: the plugin's package or file, by default that of this folder. Several are a chain, in "
    "the order of requests.",
)
@json_option
@click.option(
    "--envoy",
    is_flag=True,
    help="In a real Envoy, beside the Go plugin that ai-proxy is a port of. Needs a clone of the repository.",
)
@click.option("--quick", is_flag=True, help="With --envoy: few rounds. Shows that everything runs, not what it costs.")
def bench(files: tuple[Path, ...], plugins: tuple[Path, ...], output: Path | None, *, envoy: bool, quick: bool) -> None:
    """Measure what the way through WebAssembly costs, side by side with the same work outside of it.

    With exchange files it measures your plugin: what the request, the chunks of the response, and the whole exchange
    take in WebAssembly and natively. `proxywasm new` writes such a file, recording.json.

    Without files it measures a plugin of its own that changes nothing, and ai-proxy, in whichever folder it runs.

    With --envoy: what ai-proxy costs as a plugin of Envoy, side by side with the original.
    """
    if files and (envoy or quick):
        raise click.UsageError("--envoy and --quick measure ai-proxy, without exchange files")
    if plugins and not files:
        raise click.UsageError("--plugin needs exchange files, with the requests and responses to measure it with")
    if files:
        click.echo(_of_exchanges(files, plugins, output))
        return
    if envoy:
        _become("benchmarks.envoy", output, ["--quick"] if quick else [])
    if quick:
        raise click.UsageError("--quick is for --envoy only")
    from ...bench import run  # noqa: PLC0415  # imported when the command runs
    from ...bench.setup import IDENTITY  # noqa: PLC0415

    try:
        click.echo(f"plugins: {IDENTITY.name} of proxywasm, {flagship()}", err=True)
    except NotInstalledError as error:
        raise UserError(f"{error}, and a part of the measurements needs it") from None
    with progress() as report:
        click.echo(run(output, report))


def _of_exchanges(files: tuple[Path, ...], plugins: tuple[Path, ...], output: Path | None) -> str:
    from ...bench import BenchError, run_exchanges  # noqa: PLC0415  # imported when the command runs
    from ...building.build import BuildError  # noqa: PLC0415
    from ...recordings.exchange import ExchangeError, load  # noqa: PLC0415
    from ...recordings.replay import ReplayError  # noqa: PLC0415
    from ...wasm.engine import ComponentError  # noqa: PLC0415

    choices = [choose(path) for path in plugins] or [choose(None)]
    for choice in choices:
        choice.show()
    try:
        exchanges = [exchange for file in files for exchange in load(file)]
        with progress() as report:
            return run_exchanges(exchanges, [choice.path for choice in choices], output, report)
    except (BenchError, BuildError, ComponentError, ExchangeError, ReplayError) as error:
        raise UserError(str(error)) from None
    except (ConfigError, PluginFailure, ProgramLost) as error:
        raise UserError(f"the plugin does not start: {error}") from None


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
